/* How the connection is, in a word; the way to the whole of it. */
import { useEffect, useState, useSyncExternalStore } from "react";
import { box } from "../api/box";
import { hear, lineNow, onLine } from "../api/live";
import type { SyncView } from "../api/views";
import { entries, onOutbox } from "../keep/outbox";
import { useWords } from "../words";

export function useLine() {
  return useSyncExternalStore(onLine, lineNow);
}

/** How many entries wait on this device. */
export function useWaiting(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const read = (): void => void entries().then((all) => setCount(all.filter((entry) => entry.state !== "done").length));
    read();
    return onOutbox(read);
  }, []);
  return count;
}

/** The box's connection to head office, kept current by what the box tells. */
export function useSync(): SyncView | null {
  const [sync, setSync] = useState<SyncView | null>(null);
  useEffect(() => {
    const ask = (): void => void box.sync().then(setSync, () => undefined);
    ask();
    const deaf = [hear<SyncView>("sync", setSync), hear("resync", ask)];
    return () => deaf.forEach((stop) => stop());
  }, []);
  return sync;
}

export function Connection({ sync }: { sync: SyncView | null }) {
  const w = useWords();
  const line = useLine();
  const waiting = useWaiting();
  const [tone, text] =
    line === "away" ? (["refused", w.sync.short.away] as const)
    : waiting > 0 ? (["doubtful", w.sync.short.waiting(waiting)] as const)
    : sync && sync.state !== "streaming" ? (["doubtful", w.sync.short.offline] as const)
    : (["good", w.sync.short.live] as const);
  return (
    <a className={`connection ${tone}`} href="#/sync" data-line={line}>
      <span className="dot" aria-hidden="true" />
      <span>{text}</span>
    </a>
  );
}
