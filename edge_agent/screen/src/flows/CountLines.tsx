/* The lines of a count: those of this device with where they are by now, and those of other counters. */
import { useEffect, useState } from "react";
import { box } from "../api/box";
import type { CountLine, LineMade, Place } from "../api/views";
import { type Entry, dismiss, entriesOf, onOutbox } from "../keep/outbox";
import { Button, Card } from "../parts/controls";
import { Icon, type IconName } from "../parts/Icon";
import { useWords } from "../words";

export function CountedHere({ group }: { group: string }) {
  const w = useWords();
  const entries = useEntries(group);
  const waiting = entries.filter((entry) => entry.state === "waiting").length;
  return (
    <Card title={w.count.lines}>
      {waiting > 0 && <p className="hint" role="status">{w.count.waiting(waiting)}</p>}
      <ul className="rows" data-lines={entries.length}>
        {entries.map((entry) => <Own key={entry.key} entry={entry} />)}
        {entries.length === 0 && <li className="hint none">{w.common.none}</li>}
      </ul>
    </Card>
  );
}

function Own({ entry }: { entry: Entry }) {
  const w = useWords();
  const [amount = "", unit = "each"] = entry.amount.split(" ");
  const { icon, words, tone } = standing(entry, w.count);
  const answer = entry.answer as LineMade | undefined;
  const variance = answer?.variance && answer.variance !== "0" ? w.count.variance(w.amount(answer.variance, unit)) : "";
  return (
    <li className="row" data-state={entry.state}>
      <div>
        <span className={`row-icon ${tone}`}><Icon name={icon} /></span>
        <span className="row-words">
          <span className="row-title">{entry.title}</span>
          <span className="row-detail">{[words, variance, entry.problem?.detail].filter(Boolean).join(" · ")}</span>
        </span>
        <span className="row-end figure">{w.amount(amount, unit)}</span>
        {entry.state === "refused" && entry.number !== undefined && <Button onClick={() => void dismiss(entry.number ?? 0)}>{w.common.remove}</Button>}
      </div>
    </li>
  );
}

function standing(entry: Entry, words: { kept: string; atBox: string; again: string; againWhy: string; refused: string }): { icon: IconName; words: string; tone: string } {
  if (entry.state === "waiting") return { icon: "waiting", words: words.kept, tone: "doubtful" };
  if (entry.state === "refused") return { icon: "refused", words: words.refused, tone: "refused" };
  const isAmbiguous = (entry.answer as LineMade | undefined)?.status === "ambiguous";
  if (isAmbiguous) return { icon: "doubtful", words: `${words.again}. ${words.againWhy}`, tone: "doubtful" };
  return { icon: "good", words: words.atBox, tone: "good" };
}

/** What this device did not count itself. */
export function CountedByOthers({ lines, group }: { lines: CountLine[]; group: string }) {
  const w = useWords();
  const own = new Set(useEntries(group).map((entry) => (entry.answer as LineMade | undefined)?.line_id));
  const others = lines.filter((line) => !own.has(line.line_id));
  if (others.length === 0) return null;
  return (
    <Card title={w.count.others}>
      <ul className="rows">{others.map((line) => <Foreign key={line.line_id} line={line} />)}</ul>
    </Card>
  );
}

function Foreign({ line }: { line: CountLine }) {
  const w = useWords();
  const [name, setName] = useState("…");
  useEffect(() => {
    void box.product(line.product_id).then((product) => setName(product.name), () => setName(line.product_id));
  }, [line.product_id]);
  return (
    <li className="row"><div>
      <span className="row-words"><span className="row-title">{name}</span><span className="row-detail">{[w.places[line.location as Place], line.actor].filter(Boolean).join(" · ")}</span></span>
      <span className="row-end figure">{w.number(line.counted)}</span>
    </div></li>
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
