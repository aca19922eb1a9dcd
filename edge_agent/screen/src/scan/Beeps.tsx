/*
 * Every code that reaches this screen, from whichever side, goes one way: to the flow that is open, one after the
 * other; what it says of it is shown, read out and sounded. Where no flow wants codes they are looked up.
 */
import { type ReactNode, createContext, useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { hear } from "../api/live";
import type { ScanEvent } from "../api/views";
import { DEVICE } from "../keep/moment";
import type { Tone } from "../parts/Notice";
import { preferences } from "../preferences";
import { useWords } from "../words";
import { BADGE, unlessBadge } from "./badge";
import { typeIntoSearch } from "./fields";
import { play } from "./sound";
import { Wedge } from "./wedge";

export interface Beep {
  code: string;
  /** The same for every screen that hears it: what acts on it does so once. */
  id: string;
  /** Set when the box has acted already, because its scanner sells (or receives) by itself. */
  done: ScanEvent | null;
  /** The scanner of the box that read it; null: it was typed here, by a person or a scanner, or seen by the camera. */
  device: string | null;
  /** The box knows it for a badge, whose code it keeps to itself. */
  isBadge: boolean;
}

export interface Verdict {
  tone: Tone;
  title: string;
  detail?: string;
  /** What a person may want to do about it. */
  action?: { text: string; act: () => void };
}

export type Taker = (beep: Beep) => Promise<Verdict | null>;

/** Goods; also what scanners have sold by themselves; or who is there, which others wait for. */
type Wanted = "goods" | "sales" | "who";

interface Wish {
  take: Taker;
  wanted: Wanted;
  /** Whose sales, where not those of this screen's own scanner. */
  scanner: string | undefined;
}

interface Beeps {
  verdict: (Verdict & { number: number; at: number }) | null;
  /** A code that was typed, or read by the camera. */
  enter: (code: string) => void;
  tell: (verdict: Verdict) => void;
  dismiss: () => void;
  /** Another flow has opened: what was said before it was called for is no longer the matter. */
  leave: () => void;
  takers: Set<Wish>;
  holds: Set<Promise<void>>;
  /** Where codes go that no flow wants. */
  setFallback: (taker: Taker) => void;
}

const WAITING_MAX = 50;
const HOLD_MAX_MS = 5_000;
/** A verdict this young may be the very reason why another flow has opened. */
const NEWS_MS = 1_000;
/** The box reads no longer ones. */
const CODE_MAX = 1_024;
const Context = createContext<Beeps | null>(null);

export function BeepProvider({ children }: { children: ReactNode }) {
  const w = useWords();
  const words = useRef(w);
  words.current = w;
  const takers = useRef(new Set<Wish>());
  const holds = useRef(new Set<Promise<void>>());
  const fallback = useRef<Taker | null>(null);
  const [verdict, setVerdict] = useState<Beeps["verdict"]>(null);
  const waiting = useRef({ count: 0, last: Promise.resolve() });

  const tell = useCallback((found: Verdict) => {
    play(found.tone);
    setVerdict((before) => ({ ...found, number: (before?.number ?? 0) + 1, at: performance.now() }));
  }, []);

  const run = useCallback(
    async (taker: Taker, beep: Beep) => {
      try {
        const found = await taker(beep);
        if (found) tell(found);
      } catch (error) {
        const told = words.current.problem(error);
        tell({ tone: "refused", title: told.title, detail: told.next });
      }
    },
    [tell],
  );

  const refuse = useCallback((title: string, detail: string) => tell({ tone: "refused", title, detail }), [tell]);
  const take = useCallback(
    (beep: Beep) => {
      if (beep.code.length > CODE_MAX) return refuse(words.current.scan.tooLong, words.current.scan.tooLongNext);
      const asking = [...takers.current].findLast(({ wanted }) => wanted === "who");
      if (asking) return void run(asking.take, beep);
      const queue = waiting.current;
      if (queue.count >= WAITING_MAX) return;
      queue.count += 1;
      const work = async (): Promise<void> => {
        await settled(holds.current);
        const taker = takerOf(beep, [...takers.current].at(-1)) ?? (isTold(beep) ? fallback.current : null);
        if (taker) await run((each) => unlessBadge(taker, each, words.current), beep);
      };
      queue.last = queue.last.then(work).finally(() => { queue.count -= 1; });
    },
    [run, refuse],
  );

  const enter = useCallback(
    (code: string) => take({ code, id: crypto.randomUUID(), done: null, device: null, isBadge: false }),
    [take],
  );
  useEffect(() => {
    const brokeOff = (): void => refuse(words.current.scan.brokeOff, words.current.scan.brokeOffNext);
    return new Wedge(enter, brokeOff, typeIntoSearch).listen();
  }, [enter, refuse]);
  useEffect(() => hear<ScanEvent>("scan", (event) => isForUs(event) && take(beepOf(event))), [take]);

  const value = useMemo<Beeps>(
    () => ({ verdict, enter, tell, dismiss: () => setVerdict(null), leave: () => setVerdict((said) => (said && performance.now() - said.at < NEWS_MS ? said : null)), takers: takers.current, holds: holds.current, setFallback: (taker) => { fallback.current = taker; } }),
    [verdict, enter, tell],
  );
  return <Context value={value}>{children}</Context>;
}

export function useBeeps(): Beeps {
  const found = useContext(Context);
  if (!found) throw new Error("expected a BeepProvider around this");
  return found;
}

/**
 * While this is on the screen, codes come here; what a scanner has sold by itself only where it is wanted, and only of
 * the scanner that is this screen's own (or the one that is named): another till's sales are its own screen's.
 */
export function useTaker(taker: Taker, isOn = true, wanted: Wanted = "goods", scanner?: string): void {
  const { takers } = useBeeps();
  const latest = useRef(taker);
  latest.current = taker;
  // With the frame itself: a code that waited for this view must find it.
  useLayoutEffect(() => {
    if (!isOn) return undefined;
    const mine: Wish = { take: (beep) => latest.current(beep), wanted, scanner };
    takers.add(mine);
    return () => {
      takers.delete(mine);
    };
  }, [takers, isOn, wanted, scanner]);
}

/** While a view is being read codes wait for it, though not for long: who scans at once means the view that they opened. */
export function useHold(isOn: boolean): void {
  const { holds } = useBeeps();
  useLayoutEffect(() => {
    if (!isOn) return undefined;
    let release = (): void => undefined;
    const mine = new Promise<void>((done) => { release = done; });
    holds.add(mine);
    return () => {
      holds.delete(mine);
      release();
    };
  }, [holds, isOn]);
}

async function settled(holds: Set<Promise<void>>): Promise<void> {
  const end = Date.now() + HOLD_MAX_MS;
  for (let left = HOLD_MAX_MS; holds.size > 0 && left > 0; left = end - Date.now()) {
    await Promise.race([...holds, new Promise((done) => setTimeout(done, left))]);
  }
}

/** What the box has booked already is never counted, received or sold again by a flow. */
function takerOf({ done }: Beep, wish?: Wish): Taker | undefined {
  if (!wish || !done) return wish?.take;
  return wish.wanted === "sales" && done.device === (wish.scanner ?? preferences().scanner) ? wish.take : undefined;
}

/** Where no flow wants it, what other scanners have done is their own screens' to tell. */
function isTold({ done }: Beep): boolean {
  return !done || done.device === preferences().scanner;
}

/** Beeps of our own scanner, while somebody looks at this screen; what other screens did is theirs. */
function isForUs(event: ScanEvent): boolean {
  const { scanner } = preferences();
  const isOurs = event.device !== DEVICE && !event.device.startsWith("screen-") && (scanner ?? event.device) === event.device;
  return isOurs && document.visibilityState === "visible";
}

function beepOf(event: ScanEvent): Beep {
  const { code, beep: id, mode, device, problem } = event;
  return { code, id, done: mode === "lookup" ? null : event, device, isBadge: problem?.code === BADGE };
}
