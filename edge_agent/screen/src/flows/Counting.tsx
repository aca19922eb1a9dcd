/*
 * One count. What is scanned is tallied until it is confirmed, by a key, a button or the scan of something else; a
 * confirmed line is on this device's disk and goes to the box with the position that this device had seen.
 */
import { useEffect, useRef, useState } from "react";
import { text } from "../amounts";
import { box } from "../api/box";
import type { Place } from "../api/views";
import { askPosition } from "../keep/moment";
import { Button, Card, Choice } from "../parts/controls";
import { judge } from "../parts/HowMany";
import { Empty } from "../parts/Notice";
import { Pad } from "../parts/Pad";
import { ProductSearch } from "../parts/ProductSearch";
import { Shown, useAnswer } from "../parts/answer";
import { go } from "../router";
import { useBeeps, useTaker } from "../scan/Beeps";
import { useWords } from "../words";
import { CountedHere, CountedByOthers } from "./CountLines";
import { type Tally, confirmLine, tallyOf } from "./tally";

const POSITION_EVERY_MS = 5_000;

export function Counting({ id }: { id: string }) {
  const w = useWords();
  const sheet = useAnswer(() => box.stocktake(id), [id]);
  return (
    <>
      {sheet.value === null && sheet.error !== null ? <Bench id={id} isOpen /> : (
        <Shown answer={sheet}>
          {(count) => (
            <>
              <p className="lead">{count.name}</p>
              <Bench id={id} isOpen={count.state === "open"} />
              <CountedByOthers lines={count.lines} group={id} />
              {count.state === "open" ? <Finish id={id} onDone={sheet.again} /> : <Empty title={w.count.closed} icon="good" />}
            </>
          )}
        </Shown>
      )}
    </>
  );
}

function Bench({ id, isOpen }: { id: string; isOpen: boolean }) {
  const w = useWords();
  const beeps = useBeeps();
  const { tally, now, setTally } = useTally();
  const [location, setLocation] = useState<Place>("shelf");
  usePositions(isOpen);
  const done = async (counted: Tally): Promise<void> => {
    await confirmLine(id, location, counted);
    beeps.tell({ tone: "good", title: w.count.done(counted.name, w.amount(text(judge(counted.typed, true, w.common).value ?? 0), counted.unit)) });
  };
  const confirm = (): void => {
    const tally = now();
    if (!tally || judge(tally.typed, true, w.common).value === null) return;
    setTally(null);
    void done(tally).catch((error: unknown) => beeps.tell({ tone: "refused", title: w.problem(error).title, detail: w.problem(error).next }));
  };
  useTaker(async ({ code }) => {
    const tally = now();
    const next = await tallyOf(code, tally);
    if (tally && next.code !== tally.code && next.id !== tally.id && judge(tally.typed, true, w.common).value !== null) await done(tally);
    setTally(next);
    return { tone: next.id ? "good" : "doubtful", title: next.name, detail: next.id ? w.amount(next.typed, next.unit) : w.count.codeOnly };
  }, isOpen);
  if (!isOpen) return <CountedHere group={id} />;
  return (
    <div className={`columns bench ${tally ? "busy" : ""}`}>
      <div>
        <ProductSearch onPick={(level) => beeps.enter(level.sku)} />
        <Choice label={w.common.location} value={location} onChange={setLocation} options={[{ value: "shelf", text: w.places.shelf }, { value: "backroom", text: w.places.backroom }]} />
        {tally ? <Counted tally={tally} onChange={(typed) => setTally({ ...tally, typed, isTyped: true })} onConfirm={confirm} onCancel={() => setTally(null)} />
          : <Empty title={w.count.scan}><p>{w.count.scanNext}</p></Empty>}
      </div>
      <CountedHere group={id} />
    </div>
  );
}

function Counted({ tally, onChange, onConfirm, onCancel }: { tally: Tally; onChange: (typed: string) => void; onConfirm: () => void; onCancel: () => void }) {
  const w = useWords();
  const { value, mistake, isMany } = judge(tally.typed, true, w.common);
  const [isSure, setSure] = useState(false);
  const amount = value === null ? "" : w.amount(text(value), tally.unit);
  return (
    <Card className="counted" title={tally.name}>
      <Pad key={tally.id || tally.code} label={w.common.quantity} value={tally.typed} unit={tally.unit} onChange={(typed) => { setSure(false); onChange(typed); }} onDone={() => (isMany && !isSure ? setSure(true) : onConfirm())} />
      <p className="mistake" role="alert">{tally.typed && mistake}{isSure && w.common.reallyMany(amount)}</p>
      <div className="acts">
        <Button kind="main" icon="good" disabled={value === null} onClick={() => (isMany && !isSure ? setSure(true) : onConfirm())}>{isSure ? w.common.yes : w.count.confirm(amount)}</Button>
        <Button onClick={onCancel}>{w.common.cancel}</Button>
      </div>
    </Card>
  );
}

/** The tally as it is now: the next beep may come before the view has been drawn again. */
function useTally() {
  const [tally, show] = useState<Tally | null>(null);
  const current = useRef<Tally | null>(null);
  const setTally = (next: Tally | null): void => {
    current.current = next;
    show(next);
  };
  return { tally, now: () => current.current, setTally };
}

function Finish({ id, onDone }: { id: string; onDone: () => void }) {
  const w = useWords();
  const beeps = useBeeps();
  const [isAsked, setAsked] = useState(false);
  const close = (): void => void box.closeCount(id).then(() => { onDone(); go("count"); }, (error: unknown) => beeps.tell({ tone: "refused", title: w.problem(error).title, detail: w.problem(error).next }));
  if (!isAsked) return <Button onClick={() => setAsked(true)}>{w.count.close}</Button>;
  return (
    <Card>
      <p role="alert">{w.count.closeAsk}</p>
      <div className="acts">
        <Button kind="main" onClick={close}>{w.count.close}</Button>
        <Button onClick={() => setAsked(false)}>{w.common.cancel}</Button>
      </div>
    </Card>
  );
}

/** While somebody counts, this device keeps being told where the box is; away it goes on with what it was told. */
function usePositions(isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return undefined;
    const ask = (): void => void askPosition().catch(() => undefined);
    ask();
    const timer = setInterval(ask, POSITION_EVERY_MS);
    return () => clearInterval(timer);
  }, [isOn]);
}
