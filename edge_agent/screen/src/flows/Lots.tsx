/* The lots of a product with their last good days, the first to end first. */
import { box } from "../api/box";
import { Card } from "../parts/controls";
import { useAnswer } from "../parts/answer";
import { useWords } from "../words";

export function Lots({ id, unit }: { id: string; unit: string }) {
  const w = useWords();
  const lots = useAnswer(() => box.lots(id), [id], ["stock"]);
  const known = (lots.value?.items ?? []).filter((each) => each.lot || each.expiry);
  if (known.length === 0) return null;
  return (
    <Card title={w.lookup.lots}>
      <ul className="rows">
        {known.map((each) => (
          <li key={`${each.lot}/${each.expiry}/${each.location}`} className="row"><div>
            <span className="row-words">
              <span className="row-title">{w.lookup.lot} {each.lot || "–"}</span>
              <span className="row-detail">{[w.place(each.location), each.expiry && `${w.lookup.expiry} ${w.date(each.expiry)}`].filter(Boolean).join(" · ")}{each.is_expired && <strong className="state refused"> · {w.warning("expired")}</strong>}</span>
            </span>
            <span className="row-end figure">{w.amount(each.quantity, unit)}</span>
          </div></li>
        ))}
      </ul>
    </Card>
  );
}
