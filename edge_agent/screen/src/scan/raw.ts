/* What one scanner sends, as it arrives: its bytes, what was made of them, and advice on its settings. */
import { useEffect, useReducer } from "react";
import { keepReading } from "../api/stream";
import type { Advice, RawBytes, RawData, RawFrame, ScannerView } from "../api/views";

export interface Heard {
  scanner: ScannerView | null;
  /** Newest first. */
  frames: (RawFrame & { number: number })[];
  /** What came since the last frame. */
  rest: RawBytes[];
  advice: Advice[];
  error: unknown;
}

type Said = { [name in keyof RawData]: { name: name; body: RawData[name] } }[keyof RawData] | { name: "away"; body: unknown };

const NOTHING: Heard = { scanner: null, frames: [], rest: [], advice: [], error: null };
const FRAMES_SHOWN = 6;
const REST_SHOWN = 40;

export function useRaw(name: string): Heard {
  const [heard, hear] = useReducer(after, NOTHING);
  useEffect(() => {
    const controller = new AbortController();
    const event = (of: string, body: unknown): void => hear({ name: of, body } as Said);
    const listening = { open: () => undefined, event, away: (error: unknown) => event("away", error) };
    void keepReading(`/scanners/${encodeURIComponent(name)}/raw`, listening, controller.signal);
    return () => controller.abort();
  }, [name]);
  return heard;
}

function after(heard: Heard, said: Said): Heard {
  switch (said.name) {
    case "state":
      return { ...heard, scanner: said.body, error: null };
    case "opened":
      return { ...heard, rest: [], advice: [] };
    case "bytes":
      return { ...heard, rest: [...heard.rest, said.body].slice(-REST_SHOWN), advice: said.body.advice };
    case "frame": {
      const frame = { ...said.body, number: (heard.frames[0]?.number ?? 0) + 1 };
      return { ...heard, frames: [frame, ...heard.frames].slice(0, FRAMES_SHOWN), rest: [], advice: frame.advice };
    }
    case "away":
      return { ...heard, error: said.body };
    default:
      return heard;
  }
}
