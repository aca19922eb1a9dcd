/*
 * Where somebody counts. What is scanned is tallied until it is confirmed, by a key, a button or the scan of something
 * else; a confirmed line is on this device's disk and goes to the box with the position that this device had seen.
 */
import { useEffect, useRef, useState } from "react";
import { text } from "../amounts";
import type { Place } from "../api/views";
import { askPosition } from "../keep/moment";
import { Button, Card, Choice } from "../parts/controls";
import { Empty } from "../parts/Notice";
import { Pad } from "../parts/Pad";
import { ProductSearch } from "../parts/ProductSearch";
import { judge, useTyped } from "../parts/typed";
import { useBeeps, useTaker } from "../scan/Beeps";
import { useWords } from "../words";
import { CountedHere } from "./CountLines";
import { refusal } from "./lookUpTaker";
import { type Tally, confirmLine, tallyOf } from "./tally";

const POSITION_EVERY_MS = 5_000;

export function Bench({ id, zone }: { id: string; zone: string }) {
  const w = useWords();
  const beeps = useBeeps();
  const { tally, now, setTally, take, settle } = useTally();
  const [location, setLocation] = useState<Place>("shelf");
  usePositions();
  const valueOf = ({ typed, unit }: Tally): number | null => judge(w, typed, unit, true).value;
  const done = async (counted: Tally): Promise<void> => {
    await confirmLine(id, location, zone, counted);
    beeps.tell({ tone: "good", title: w.count.done(counted.name, w.amount(text(valueOf(counted) ?? 0), counted.unit)) });
  };
  const confirm = (): void => {
    const tally = now();
    if (!tally || valueOf(tally) === null) return;
    take();
    void done(tally).then(settle, (error: unknown) => {
      setTally(tally);
      beeps.tell({ tone: "refused", title: w.problem(error).title, detail: w.problem(error).next });
    });
  };
  useTaker(async ({ code }) => {
    try {
      const tally = now();
      const next = await tallyOf(code, tally);
      const isOther = tally !== null && next.code !== tally.code && next.id !== tally.id;
      if (isOther && valueOf(tally) === null) return { tone: "refused", title: w.count.unfinished(tally.name), detail: w.count.unfinishedNext };
      if (isOther) await done(tally);
      setTally(next);
      return { tone: next.id ? "good" : "doubtful", title: next.name, detail: next.id ? w.amount(next.typed, next.unit) : w.count.codeOnly };
    } catch (error) {
      return refusal(w, code, error);
    }
  });
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
  const { value, says, isAsked, act } = useTyped(tally.typed, { unit: tally.unit, isZeroFine: true }, onConfirm);
  const amount = value === null ? "" : w.amount(text(value), tally.unit);
  return (
    <Card className="counted" title={tally.name}>
      <Pad key={tally.id || tally.code} label={w.common.quantity} value={tally.typed} unit={tally.unit} onChange={onChange} onDone={act} />
      <p className="mistake" role="alert">{says}</p>
      <div className="acts">
        <Button kind="main" icon="good" disabled={value === null} onClick={act}>{isAsked ? w.common.yes : w.count.confirm(amount)}</Button>
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
  /** It is being confirmed: what is scanned next begins another, but it is seen until it is on the disk. */
  const take = (): void => {
    current.current = null;
  };
  const settle = (): void => show(current.current);
  return { tally, now: () => current.current, setTally, take, settle };
}

/** While somebody counts, this device keeps being told where the box is; away it goes on with what it was told. */
function usePositions(): void {
  useEffect(() => {
    const ask = (): void => void askPosition().catch(() => undefined);
    ask();
    const timer = setInterval(ask, POSITION_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
}
