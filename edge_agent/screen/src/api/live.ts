/*
 * What the box tells as it happens: scans, stock, sync. One stream for the tab, opened again whenever it
 * ends or falls silent; after each gap everybody hears `resync` and reads again what is shown.
 */
import { keepReading } from "./stream";

export type Topic = "scan" | "stock" | "sync" | "resync";
export type Line = "connecting" | "live" | "away";
type Hearer = (body: unknown) => void;

const hearers = new Map<Topic, Set<Hearer>>();
const watchers = new Set<() => void>();
let line: Line = "connecting";
let running: AbortController | null = null;

export const lineNow = (): Line => line;

export function onLine(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function hear<T>(topic: Topic, hearer: (body: T) => void): () => void {
  const known = hearers.get(topic) ?? new Set<Hearer>();
  hearers.set(topic, known.add(hearer as Hearer));
  return () => known.delete(hearer as Hearer);
}

/** Keep the stream open until the function that is returned is called. */
export function listen(): () => void {
  running?.abort();
  const controller = new AbortController();
  running = controller;
  const open = (): void => {
    become("live");
    tell("resync", null);
  };
  void keepReading("/events", { open, event: tell, away: () => become("away") }, controller.signal);
  return () => controller.abort();
}

function tell(topic: string, body: unknown): void {
  for (const hearer of hearers.get(topic as Topic) ?? []) hearer(body);
}

function become(next: Line): void {
  if (line === next) return;
  line = next;
  for (const watcher of watchers) watcher();
}
