/*
 * "How many" is typed before anybody knows of what. So what is scanned then is looked at first: pieces are sold whole,
 * and so many that there are not so many here are asked about. What is only scanned never waits for that.
 */
import { useState } from "react";
import { text, thousandths } from "../amounts";
import { Button } from "../parts/controls";
import { Sheet } from "../parts/Sheet";
import { doubtOf, judge } from "../parts/typed";
import type { Beep, Verdict } from "../scan/Beeps";
import { type Named, nameOf } from "../scan/naming";
import { useWords } from "../words";
import { useAct } from "./acting";
import { refusal } from "./lookUpTaker";

interface Doubt {
  name: string;
  says: string;
  sell: () => Promise<Verdict>;
}

type Sell = (beep: Beep, times: number) => Promise<Verdict>;

export function useMultiplying(sell: Sell) {
  const w = useWords();
  const { run, isBusy } = useAct();
  const [doubt, setDoubt] = useState<Doubt | null>(null);
  const look = (beep: Beep, times: number, { name, unit, pack, answer }: Named): Promise<Verdict> | Verdict | null => {
    const all = Math.round((times * thousandths(pack)) / 1_000);
    const { value, mistake } = judge(w, text(all), unit);
    if (value === null) return { tone: "refused", title: name, detail: mistake };
    const says = doubtOf(w, value, unit, answer?.stock?.available ?? null);
    if (!says) return sell(beep, times);
    setDoubt({ name, says, sell: () => sell(beep, times) });
    return null;
  };
  const sellMany = async (beep: Beep, times: number): Promise<Verdict | null> => {
    try {
      return await look(beep, times, await nameOf(beep.code));
    } catch (error) {
      return refusal(w, beep.code, error);
    }
  };
  const sheet = doubt && (
    <Sheet title={doubt.name} onClose={() => setDoubt(null)}>
      <p className="lead">{doubt.says}</p>
      <div className="acts">
        <Button kind="main" disabled={isBusy} onClick={() => void run(doubt.sell).finally(() => setDoubt(null))}>{w.common.yes}</Button>
        <Button onClick={() => setDoubt(null)}>{w.common.cancel}</Button>
      </div>
    </Sheet>
  );
  return { sellMany, sheet };
}
