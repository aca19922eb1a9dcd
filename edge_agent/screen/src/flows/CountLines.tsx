/* The lines of a count: those of this device with where they are by now, and those of other counters. */
import { useEffect, useState } from "react";
import { box } from "../api/box";
import type { CountLine, LineMade, Place } from "../api/views";
import { type Entry, dismiss, entriesOf, onOutbox } from "../keep/outbox";
import { Problem } from "../api/client";
import { Card } from "../parts/controls";
import { Icon, type IconName } from "../parts/Icon";
import { useNames } from "../parts/names";
import { useBeeps } from "../scan/Beeps";
import { type Speech, useWords } from "../words";

const SHOWN_MAX = 50;
/** Lines that count no longer. */
const GONE = ["withdrawn", "replaced"];

export function CountedHere({ group }: { group: string }) {
  const w = useWords();
  const entries = useEntries(group);
  const waiting = entries.filter((entry) => entry.state === "waiting").length;
  return (
    <Card title={w.count.lines}>
      {waiting > 0 && <p className="hint" role="status">{w.count.waiting(waiting)}</p>}
      <ul className="rows" data-lines={entries.length}>
        {entries.map((entry) => <Own key={entry.key} entry={entry} group={group} />)}
        {entries.length === 0 && <li className="hint none">{w.common.none}</li>}
      </ul>
    </Card>
  );
}

function Own({ entry, group }: { entry: Entry; group: string }) {
  const w = useWords();
  const beeps = useBeeps();
  const [amount = "", unit = "each"] = entry.amount.split(" ");
  const { icon, words, tone } = standing(entry, w);
  const answer = entry.answer as LineMade | undefined;
  const variance = answer?.variance && answer.variance !== "0" ? w.count.variance(w.amount(answer.variance, unit)) : "";
  const isTwice = answer?.warnings?.includes("counted_before") ? w.count.twice : "";
  const takeBack = async (): Promise<void> => {
    if (answer?.line_id) await box.withdraw(group, answer.line_id);
    await dismiss(entry.number ?? 0);
    beeps.tell({ tone: "good", title: w.count.takenBack(entry.title) });
  };
  const failed = (error: unknown): void => beeps.tell({ tone: "refused", title: w.problem(error).title, detail: w.problem(error).next });
  return (
    <li className="row" data-state={entry.state}>
      <div>
        <span className={`row-icon ${tone}`}><Icon name={icon} /></span>
        <span className="row-words">
          <span className="row-title">{entry.title}</span>
          <span className="row-detail">{[entry.body["zone"] as string | undefined, words, variance, isTwice].filter(Boolean).join(" · ")}</span>
        </span>
        <span className="row-end figure">{w.amount(amount, unit)}</span>
        <button type="button" className="round" aria-label={w.count.takeBack(entry.title)} onClick={() => void takeBack().catch(failed)}><Icon name="undo" size={20} /></button>
      </div>
    </li>
  );
}

interface Standing {
  icon: IconName;
  words: string;
  tone: string;
}

function standing(entry: Entry, w: Speech): Standing {
  if (entry.state === "waiting") return { icon: "waiting", words: w.count.kept, tone: "doubtful" };
  if (entry.state === "refused") {
    const told = w.problem(new Problem(entry.problem?.code ?? "", 409, entry.problem?.detail ?? ""));
    return { icon: "refused", words: `${w.count.refused}: ${told.title} ${told.next}`, tone: "refused" };
  }
  const isAmbiguous = (entry.answer as LineMade | undefined)?.status === "ambiguous";
  if (isAmbiguous) return { icon: "doubtful", words: `${w.count.again}. ${w.count.againWhy}`, tone: "doubtful" };
  return { icon: "good", words: w.count.atBox, tone: "good" };
}

/** What this device did not count itself, the newest first. */
export function CountedByOthers({ lines, group }: { lines: CountLine[]; group: string }) {
  const w = useWords();
  const own = new Set(useEntries(group).map((entry) => (entry.answer as LineMade | undefined)?.line_id));
  const others = lines.filter((line) => !own.has(line.line_id) && !GONE.includes(line.status));
  const shown = others.slice(-SHOWN_MAX).reverse();
  const names = useNames(shown.map((line) => line.product_id));
  if (others.length === 0) return null;
  return (
    <Card title={w.count.others}>
      <ul className="rows">
        {shown.map((line) => (
          <li key={line.line_id} className="row"><div>
            <span className="row-words"><span className="row-title">{names.get(line.product_id)?.name ?? "…"}</span><span className="row-detail">{[line.zone ?? w.places[line.location as Place], line.actor].filter(Boolean).join(" · ")}</span></span>
            <span className="row-end figure">{w.number(line.counted)}</span>
          </div></li>
        ))}
        {others.length > SHOWN_MAX && <li className="hint none">{w.receive.more(others.length - SHOWN_MAX)}</li>}
      </ul>
    </Card>
  );
}

/** Newest first, kept current over all tabs. */
function useEntries(group: string): Entry[] {
  const [entries, setEntries] = useState<Entry[]>([]);
  useEffect(() => {
    const read = (): void => void entriesOf(group).then((found) => setEntries(found.reverse()));
    read();
    return onOutbox(read);
  }, [group]);
  return entries;
}
