/* A delivery that was taken in: what is not as it was ordered, and why; vendors are claimed from by this. */
import type { ReceiptMade } from "../api/views";
import { Button, Card } from "../parts/controls";
import { Notice } from "../parts/Notice";
import { useNames } from "../parts/names";
import { useWords } from "../words";

export function Variances({ receipt, onDone }: { receipt: ReceiptMade; onDone: () => void }) {
  const w = useWords();
  const odd = receipt.lines.filter((line) => line.reason || Number(line.damaged) > 0 || (line.difference && line.difference !== "as_expected"));
  const names = useNames(odd.map((line) => line.product_id));
  return (
    <Card title={receipt.order ? w.receive.order(receipt.order) : w.receive.without}>
      <Notice tone={odd.length > 0 ? "doubtful" : "good"} title={odd.length > 0 ? w.receive.variances(odd.length) : w.receive.allAsOrdered} />
      <ul className="rows variances">
        {odd.map((line, number) => {
          const { name = "…", unit = "each" } = names.get(line.product_id) ?? {};
          const words = [line.difference && w.receive.differences[line.difference], Number(line.damaged) > 0 && `${w.amount(line.damaged, unit)} ${w.receive.damaged}`, line.reason && w.receive.reasons[line.reason]];
          return (
            <li key={number} className="row"><div>
              <span className="row-words"><span className="row-title">{name}</span><span className="row-detail">{words.filter(Boolean).join(" · ")}</span></span>
              <span className="row-end figure">{w.amount(line.quantity, unit)}{line.expected !== null && ` ${w.receive.of(w.amount(line.expected, unit))}`}</span>
            </div></li>
          );
        })}
      </ul>
      <Button kind="main" onClick={onDone}>{w.attention.done}</Button>
    </Card>
  );
}
