/* A count that is finished: what differed, drawn so that it can be compared, and what is to be counted again. */
import { thousandths } from "../amounts";
import type { CountLine, StocktakeSheet } from "../api/views";
import { Button, Card } from "../parts/controls";
import { Empty, Failed } from "../parts/Notice";
import { type NamedProduct, useNames } from "../parts/names";
import { useWords } from "../words";
import { useBegin } from "./beginning";

const SHOWN_MAX = 200;
const AGAIN_MAX = 500;
const NAME_MAX = 200;

export function Differences({ count }: { count: StocktakeSheet }) {
  const w = useWords();
  const told = count.lines.filter((line) => line.status === "posted" && line.variance != null);
  const odd = told.filter((line) => line.variance !== "0").sort((one, other) => size(other) - size(one));
  const shown = odd.slice(0, SHOWN_MAX);
  const again = [...new Set(count.lines.filter((line) => line.status === "ambiguous").map((line) => line.product_id))];
  const names = useNames([...shown.map((line) => line.product_id), ...again]);
  const most = Math.max(1, ...odd.map(size));
  return (
    <>
      <Empty title={w.count.closed} icon="good"><p>{count.name}</p></Empty>
      {again.length > 0 && <Moved count={count} ids={again} names={names} />}
      {told.length > 0 && (
        <Card title={w.count.differences}>
          <p className="hint">{w.count.agreed(told.length - odd.length, told.length)}</p>
          <ul className="rows differences">
            {shown.map((line) => <Difference key={line.line_id} line={line} name={names.get(line.product_id)?.name ?? "…"} unit={names.get(line.product_id)?.unit ?? "each"} most={most} />)}
          </ul>
          {odd.length > 0 && <Again count={count} ids={[...new Set(odd.map((line) => line.product_id))]} text={w.count.recount} />}
        </Card>
      )}
      {told.length === 0 && <p className="hint">{w.count.notTold}</p>}
    </>
  );
}

/** A bar to the left for what is missing, to the right for what is too much. */
function Difference({ line, name, unit, most }: { line: CountLine; name: string; unit: string; most: number }) {
  const w = useWords();
  const variance = line.variance ?? "0";
  const isShort = variance.startsWith("-");
  const width = `${(size(line) * 50) / most}%`;
  return (
    <li className="row"><div>
      <span className="row-words"><span className="row-title">{name}</span><span className="row-detail">{w.count.against(w.amount(line.counted, unit), w.amount(line.expected ?? null, unit))}</span>
        <span className="variance-bar" aria-hidden="true"><span className={isShort ? "short" : "over"} style={{ width }} /></span>
      </span>
      <span className={`row-end figure ${isShort ? "refused" : ""}`}>{isShort ? "−" : "+"}{w.amount(variance.replace("-", ""), unit)}</span>
    </div></li>
  );
}

/** What was sold while it was counted: nothing was posted. */
function Moved({ count, ids, names }: { count: StocktakeSheet; ids: string[]; names: ReadonlyMap<string, NamedProduct> }) {
  const w = useWords();
  return (
    <Card title={w.count.toCountAgain(ids.length)}>
      <p className="hint">{w.count.againWhy}</p>
      <p>{ids.slice(0, 12).map((id) => names.get(id)?.name ?? "…").join(" · ")}</p>
      <Again count={count} ids={ids} text={w.count.countAgain} />
    </Card>
  );
}

/** A count of these alone, begun with one tap: what is counted in it stands. */
function Again({ count, ids, text }: { count: StocktakeSheet; ids: string[]; text: string }) {
  const w = useWords();
  const { begin, error } = useBegin();
  const name = w.count.recountOf(count.name).slice(0, NAME_MAX);
  return (
    <>
      {error !== null && <Failed error={error} />}
      <Button kind="main" icon="count" onClick={() => begin({ name, kind: "cycle", product_ids: ids.slice(0, AGAIN_MAX) })}>{text}</Button>
    </>
  );
}

const size = (line: CountLine): number => Math.abs(thousandths(line.variance ?? "0"));
