/* Selling: each scan sells, at once. The slip of this customer stays until the next one, also over a reload. */
import { useRef, useState } from "react";
import { cost, isWhole, sum, text } from "../amounts";
import { Button, Card } from "../parts/controls";
import { HowMany } from "../parts/HowMany";
import { Empty } from "../parts/Notice";
import { Icon } from "../parts/Icon";
import { ProductSearch } from "../parts/ProductSearch";
import { type Beep, type Verdict, useTaker, useBeeps } from "../scan/Beeps";
import { useWords } from "../words";
import { useOwner } from "../session";
import { useAct } from "./acting";
import { useMultiplying } from "./multiplying";
import { type SlipLine, useSlip } from "./slip";

/** A slip is of who sells: another one begins with an empty one, and everybody finds their own again. */
export function Sell() {
  const owner = useOwner();
  return <Counter key={owner} owner={owner} />;
}

function Counter({ owner }: { owner: string }) {
  const w = useWords();
  const beeps = useBeeps();
  const [isAsking, setAsking] = useState(false);
  const [times, showTimes] = useState(1_000);
  const next = useRef(1_000);
  const setTimes = (value: number): void => {
    next.current = value;
    showTimes(value);
  };
  const slip = useSlip(owner);
  const { sellMany, sheet } = useMultiplying(slip.sell);
  const { run } = useAct();
  const sell = (beep: Beep, many: number): Promise<Verdict | null> => (many === 1_000 || beep.done ? slip.sell(beep, many) : sellMany(beep, many));
  useTaker((beep) => {
    // Taken at once: the next beep may come before this one is answered.
    const many = next.current;
    setTimes(1_000);
    return sell(beep, many);
  }, true, "sales");
  const sold = slip.lines.filter((line) => line.state !== "undone");
  return (
    <div className="columns sell">
      <div>
        <ProductSearch onPick={(level) => beeps.enter(level.sku)} />
        {slip.lines.length === 0 ? (
          <Empty title={w.sell.lead} icon="sell"><p>{w.sell.leadNext}</p></Empty>
        ) : (
          <ul className="rows slip" aria-label={w.flows.sell}>
            {slip.lines.map((line) => <Line key={line.key} line={line} />)}
          </ul>
        )}
      </div>
      <div className="side">
        <Card className="total">
          <p className="hint">{w.sell.total}</p>
          <p className="big-figure"><strong>{totalOf(sold, w.money)}</strong></p>
          <p className="hint">{w.sell.items(w.number(text(piecesOf(sold))))}</p>
        </Card>
        <div className="acts">
          <Button icon="plus" onClick={() => setAsking(true)} aria-pressed={times !== 1_000}>{w.common.quantity}: {w.number(text(times))}</Button>
          <Button icon="undo" onClick={() => void run(slip.undoLast)} disabled={sold.length === 0}>{w.sell.undoLast}</Button>
          <Button kind="main" icon="next" onClick={() => { slip.begin(); beeps.dismiss(); }} disabled={slip.lines.length === 0}>{w.sell.next}</Button>
        </div>
      </div>
      {isAsking && (
        <HowMany title={w.common.quantity} unit={null} first={text(times)} act={w.common.confirm} onClose={() => setAsking(false)} onDone={(value) => { setTimes(value); setAsking(false); }}
          onBeep={(beep, value) => { setAsking(beep.done !== null); return sell(beep, value); }} />
      )}
      {sheet}
    </div>
  );
}

function Line({ line }: { line: SlipLine }) {
  const w = useWords();
  const detail = line.state === "kept" ? w.sell.keptNext : [w.amount(text(line.quantity), line.unit), line.state === "sold" && line.left && w.sell.left(w.amount(line.left, line.unit))].filter(Boolean).join(" · ");
  return (
    <li className={`row ${line.state}`}>
      <div>
        <span className="row-icon"><Icon name={line.state === "kept" ? "waiting" : line.state === "undone" ? "undo" : "good"} /></span>
        <span className="row-words"><span className="row-title">{line.name}</span><span className="row-detail">{detail}</span></span>
        <span className="row-end figure">{line.price && line.currency ? w.money(cost(line.price, line.quantity), line.currency) : "–"}</span>
      </div>
    </li>
  );
}

/** In thousandths; what is weighed is one item, whatever its weight. */
function piecesOf(lines: SlipLine[]): number {
  return lines.reduce((total, line) => total + (isWhole(line.unit) ? line.quantity : 1_000), 0);
}

function totalOf(lines: SlipLine[], money: (decimal: string, currency: string) => string): string {
  const priced = lines.filter((line) => line.price !== null);
  const currency = priced[0]?.currency ?? lines[0]?.currency ?? "EUR";
  const amounts = priced.filter((line) => line.currency === currency).map((line) => cost(line.price ?? "0", line.quantity));
  return money(sum(amounts), currency);
}
