/* A stream of the box's events, opened again whenever it ends or falls silent, until nobody wants it any more. */
import { API, Problem, credentials, problemOf } from "./client";

export interface Listening {
  open: () => void;
  event: (name: string, body: unknown) => void;
  /** It ended, or could not be opened: why. It is tried again by itself. */
  away: (error: unknown) => void;
}

/** The box says something every 15 s; twice that without a word means that it is gone. */
const SILENCE_MS = 33_000;
const WAIT_MS_MAX = 8_000;

export async function keepReading(path: string, listening: Listening, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const began = Date.now();
    const why: unknown = await read(path, listening, signal).catch((error: unknown) => error);
    if (signal.aborted) return;
    failures = Date.now() - began > SILENCE_MS ? 0 : failures + 1;
    listening.away(why instanceof Problem ? why : new Problem("away", 0, String(why)));
    await pause(Math.min(WAIT_MS_MAX, 250 * 2 ** failures) * (0.5 + Math.random() / 2), signal);
  }
}

async function read(path: string, listening: Listening, signal: AbortSignal): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const answer = await fetch(`${API}${path}`, {
      headers: { Accept: "text/event-stream", ...credentials() },
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!answer.ok || !answer.body) throw await problemOf(answer);
    listening.open();
    let rest = "";
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) tell(block, listening);
    }
  } finally {
    clearTimeout(timer);
  }
}

function tell(block: string, listening: Listening): void {
  const fields = new Map(block.split("\n").map((row) => [row.slice(0, row.indexOf(":")), row.slice(row.indexOf(":") + 2)]));
  const name = fields.get("event");
  if (name) listening.event(name, JSON.parse(fields.get("data") ?? "null"));
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
