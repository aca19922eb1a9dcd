/* A quantity that somebody types: what it is, why it is none, and what is asked, once, before it is booked. */
import { useState } from "react";
import { isWhole, parse, text, thousandths } from "../amounts";
import { type Speech, useWords } from "../words";

/** So many are asked about in any case; and from here on where it is more than there are. */
const MANY = 1_000_000;
const MANY_OF_FEW = 100_000;
/** What a person may type at most: 99,999. */
const MAX = 99_999_999;

export interface Judged {
  /** In thousandths; null: it is no quantity, and why. */
  value: number | null;
  mistake: string;
}

export function judge(w: Speech, typed: string, unit: string, isZeroFine = false): Judged {
  const value = parse(typed);
  if (value === null || (value === 0 && !isZeroFine)) return { value: null, mistake: isWhole(unit) ? w.common.notWhole : w.common.notANumber };
  if (isWhole(unit) && value % 1_000 !== 0) return { value: null, mistake: w.common.notWhole };
  return value > MAX ? { value: null, mistake: w.common.tooMany } : { value, mistake: "" };
}

/** What is asked before so much of something, of which so many are here (null: nobody knows, or it does not matter). */
export function doubtOf(w: Speech, value: number, unit: string, here: string | null): string {
  const amount = w.amount(text(value), unit);
  if (here !== null && value >= MANY_OF_FEW && value > thousandths(here)) return w.common.moreThanHere(amount, w.amount(here, unit));
  return value >= MANY ? w.common.reallyMany(amount) : "";
}

interface Asked {
  /** Null: of what it is is not known yet, so nothing is asked. */
  unit: string | null;
  isZeroFine?: boolean;
  here?: string | null;
}

/** `act` books what is typed; what is doubtful only when it is called again for the same. */
export function useTyped(typed: string, { unit, isZeroFine = false, here = null }: Asked, book: (value: number) => void) {
  const w = useWords();
  const [asked, setAsked] = useState<string | null>(null);
  const { value, mistake } = judge(w, typed, unit ?? "", isZeroFine);
  const doubt = value === null || unit === null ? "" : doubtOf(w, value, unit, here);
  const isAsked = doubt !== "" && asked === typed;
  const act = (): void => {
    if (value === null) return;
    if (doubt && !isAsked) setAsked(typed);
    else book(value);
  };
  return { value, isAsked, act, says: isAsked ? doubt : typed && mistake };
}
