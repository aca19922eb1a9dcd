/* The connection in a cashier's words: is everything safe, and is there anything to do? */
import { useEffect, useState } from "react";
import { box } from "../api/box";
import type { CheckView, SyncView } from "../api/views";
import { type Entry, dismiss, entries, onOutbox } from "../keep/outbox";
import { Button, Card } from "../parts/controls";
import { Notice, type Tone } from "../parts/Notice";
import { Shown, useAnswer } from "../parts/answer";
import { useLine, useSync } from "../shell/Connection";
import { type Speech, useWords } from "../words";

const WANTS_SOMEBODY = ["fenced", "refused", "salvaging"];

export function SyncStatus() {
  const w = useWords();
  const health = useAnswer(() => box.health(), [], ["sync"]);
  return (
    <>
      <SyncSentence />
      <OnThisDevice />
      <Card title={w.sync.checks}>
        <Shown answer={health}>
          {({ checks }) => <Checks checks={checks} />}
        </Shown>
      </Card>
    </>
  );
}

/** Each thing of the box by its name, and whether it is fine; what a technician wants to know of it is folded away. */
function Checks({ checks }: { checks: CheckView[] }) {
  const w = useWords();
  return (
    <>
      {checks.some((check) => check.result !== "ok") && <p className="hint">{w.sync.checksNext}</p>}
      <ul className="rows">
        {checks.map((check) => (
          <li key={check.name} className="row"><div>
            <span className="row-words"><span className="row-title">{nameOfCheck(w, check.name)}</span></span>
            <span className={`row-end state ${{ ok: "good", warn: "doubtful", fail: "refused" }[check.result]}`}>{w.sync.results[check.result]}</span>
          </div></li>
        ))}
      </ul>
      <details>
        <summary>{w.sync.technician}</summary>
        <dl className="checks" lang="en">
          {checks.map(({ name, detail, remedy }) => <div key={name}><dt>{name}</dt><dd>{[detail, remedy].filter(Boolean).join(" · ")}</dd></div>)}
        </dl>
      </details>
    </>
  );
}

/** A scanner or printer has its own name behind the kind. */
function nameOfCheck(w: Speech, name: string): string {
  const [kind = "", ...own] = name.split(" ");
  return [w.sync.checkNames[kind] ?? kind, ...own].join(" ");
}

/** One sentence: where what was done here is by now. */
export function SyncSentence() {
  const w = useWords();
  const sync = useSync();
  const line = useLine();
  const found = line === "away" ? { tone: "refused" as Tone, title: w.sync.boxAway, next: w.sync.boxAwayNext } : sync && sentence(w, sync);
  if (!found) return null;
  return <Notice tone={found.tone} title={found.title}><p>{found.next}</p></Notice>;
}

function sentence(w: Speech, sync: SyncView): { tone: Tone; title: string; next: string } {
  const oldest = sync.oldest_unacked_age_s;
  const age = sync.pending > 0 && oldest !== null && oldest > 60 ? w.sync.oldest(w.ago(oldest)) : "";
  if (WANTS_SOMEBODY.includes(sync.state)) return { tone: "refused", title: w.sync.stopped, next: w.sync.stoppedNext };
  if (sync.state === "offline") return { tone: "doubtful", title: w.sync.offline, next: `${w.sync.offlineNext(sync.pending)} ${age}` };
  if (sync.pending > 0) return { tone: "good", title: w.sync.sending(sync.pending), next: `${w.sync.sendingNext} ${age}` };
  return { tone: "good", title: w.sync.allSent, next: w.sync.allSentNext };
}

function OnThisDevice() {
  const w = useWords();
  const [open, setOpen] = useState<Entry[]>([]);
  useEffect(() => {
    const read = (): void => void entries().then((all) => setOpen(all.filter((entry) => entry.state !== "done")));
    read();
    return onOutbox(read);
  }, []);
  if (open.length === 0) return null;
  return (
    <Card title={w.sync.device(open.length)}>
      <ul className="rows">
        {open.map((entry) => (
          <li key={entry.key} className="row"><div>
            <span className="row-words"><span className="row-title">{entry.title}</span>
              <span className="row-detail">{entry.problem ? `${w.sync.refused}: ${entry.problem.detail}` : w.time(new Date(entry.at).toISOString())}</span></span>
            {entry.state === "refused" && <Button onClick={() => void dismiss(entry.number ?? 0)}>{w.common.remove}</Button>}
          </div></li>
        ))}
      </ul>
    </Card>
  );
}
