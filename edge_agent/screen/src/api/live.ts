/*
 * What the box tells as it happens: scans, stock, sync. One stream for the tab, opened again whenever it
 * ends or falls silent; after each gap everybody hears `resync` and reads again what is shown.
 */
import { credentials } from "./client";

export type Topic = "scan" | "stock" | "sync" | "resync";
export type Line = "connecting" | "live" | "away";
type Hearer = (body: unknown) => void;

/** The box says something every 15 s; twice that without a word means that it is gone. */
const SILENCE_MS = 33_000;
const WAIT_MS_MAX = 8_000;

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
  void keepListening(controller.signal);
  return () => controller.abort();
}

async function keepListening(signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const began = Date.now();
    await readStream(signal).catch(() => undefined);
    if (signal.aborted) return;
    failures = Date.now() - began > SILENCE_MS ? 0 : failures + 1;
    become("away");
    await pause(Math.min(WAIT_MS_MAX, 250 * 2 ** failures) * (0.5 + Math.random() / 2), signal);
  }
}

async function readStream(signal: AbortSignal): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const answer = await fetch("/api/v1/events", {
      headers: { Accept: "text/event-stream", ...credentials() },
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!answer.ok || !answer.body) return;
    become("live");
    tell("resync", null);
    let rest = "";
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) read(block);
    }
  } finally {
    clearTimeout(timer);
  }
}

function read(block: string): void {
  const fields = new Map(block.split("\n").map((row) => [row.slice(0, row.indexOf(":")), row.slice(row.indexOf(":") + 2)]));
  const topic = fields.get("event") as Topic | undefined;
  if (topic) tell(topic, JSON.parse(fields.get("data") ?? "null"));
}

function tell(topic: Topic, body: unknown): void {
  for (const hearer of hearers.get(topic) ?? []) hearer(body);
}

function become(next: Line): void {
  if (line === next) return;
  line = next;
  for (const watcher of watchers) watcher();
}

/** Wait, or go on at once when the browser says that the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done, { once: true });
    signal.addEventListener("abort", done, { once: true });
  });
}
