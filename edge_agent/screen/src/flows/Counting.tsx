/* One count, whoever counts in it: who takes which zone, the bench to count at, its lines, its end. */
import { useEffect } from "react";
import { box } from "../api/box";
import type { StocktakeSheet } from "../api/views";
import { useDraft } from "../keep/draft";
import { Card } from "../parts/controls";
import { Shown, useAnswer } from "../parts/answer";
import { useHold } from "../scan/Beeps";
import { useWords } from "../words";
import { Bench } from "./Bench";
import { CountedByOthers } from "./CountLines";
import { Differences } from "./Differences";
import { Finish } from "./Finish";
import { Zones } from "./Zones";

/** What others do in it is asked for this often: a part of a zone moves no stock, so nobody tells. */
const LOOK_EVERY_MS = 5_000;

export function Counting({ id }: { id: string }) {
  const sheet = useAnswer(() => box.stocktake(id), [id]);
  const zone = useDraft(`zone/${id}`, "");
  useHold(!zone.isRead);
  const count = sheet.value;
  const isOpen = count === null || count.state === "open";
  const isClosed = count?.state === "closed";
  useEffect(() => {
    if (isClosed) return undefined;
    const timer = setInterval(sheet.again, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [isClosed, sheet.again]);
  if (count === null && sheet.error === null) return <Shown answer={sheet}>{() => null}</Shown>;
  if (count && isClosed) return <Differences count={count} />;
  const isByZones = (count?.zones.length ?? 0) > 0;
  return (
    <>
      {count && <Lead count={count} />}
      {count && isOpen && isByZones && <Zones count={count} mine={zone.value} onTake={(taken) => zone.change(() => taken)} onChanged={sheet.again} />}
      {isOpen && (!isByZones || zone.value) && <Bench id={id} zone={zone.value} />}
      {count && isOpen && <CountedByOthers lines={count.lines} group={id} />}
      {count && <Finish count={count} onDone={sheet.again} />}
    </>
  );
}

/** What it is of, and of a cycle count how far it is. */
function Lead({ count }: { count: StocktakeSheet }) {
  const w = useWords();
  const done = count.to_count.filter((each) => each.is_counted).length;
  return (
    <>
      <p className="lead">{count.name}</p>
      {count.to_count.length > 0 && (
        <Card title={w.count.progress(done, count.to_count.length)}>
          <progress value={done} max={count.to_count.length} aria-label={w.count.progress(done, count.to_count.length)} />
          <p className="hint">{count.to_count.filter((each) => !each.is_counted).slice(0, 12).map((each) => each.name).join(" · ")}</p>
        </Card>
      )}
    </>
  );
}
