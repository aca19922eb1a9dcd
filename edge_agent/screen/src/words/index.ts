/* The words of the chosen language, and numbers, money and times as its readers write them. */
import { useMemo } from "react";
import { isWhole } from "../amounts";
import { Problem } from "../api/client";
import type { Place } from "../api/views";
import { type Language, usePreferences } from "../preferences";
import { de } from "./de";
import { type Words, en } from "./en";

export const LANGUAGES: Record<Language, Words> = { en, de };

export interface Told {
  title: string;
  next: string;
}

export interface Speech extends Words {
  language: Language;
  number: (decimal: string) => string;
  /** A quantity with its unit; pieces need none. Null is what somebody who counts blind is not told. */
  amount: (decimal: string | null, unit?: string) => string;
  money: (decimal: string, currency: string) => string;
  time: (at: string | null) => string;
  date: (day: string | null) => string;
  ago: (seconds: number) => string;
  /** Why something was refused, and what to do now. */
  problem: (error: unknown) => Told;
  warning: (code: string) => string;
  place: (location: string) => string;
}

export function useWords(): Speech {
  const { language } = usePreferences();
  return useMemo(() => speech(language), [language]);
}

export function speech(language: Language): Speech {
  const words = LANGUAGES[language];
  const locale = language === "de" ? "de-DE" : "en-GB";
  const digits = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
  const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const moment = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "long" });
  // The standard takes decimal strings and keeps every digit; TypeScript's library has not heard of all of them.
  const number = (decimal: string): string => digits.format(decimal as Intl.StringNumericLiteral);
  return {
    ...words,
    language,
    number,
    amount: (decimal, unit = "each") =>
      decimal === null ? "–" : `${number(decimal)} ${isWhole(unit) ? "" : (words.units[unit] ?? unit)}`.trim(),
    money: (decimal, currency) =>
      new Intl.NumberFormat(locale, { style: "currency", currency }).format(decimal as Intl.StringNumericLiteral),
    time: (at) => {
      const date = at ? new Date(at) : null;
      if (!date || Number.isNaN(date.getTime())) return "–";
      return (date.toDateString() === new Date().toDateString() ? clock : moment).format(date);
    },
    date: (at) => (at && !Number.isNaN(Date.parse(at)) ? day.format(new Date(at)) : "–"),
    ago: (seconds) => {
      const [size, unit] = seconds < 90 ? ([1, "second"] as const) : seconds < 5_400 ? ([60, "minute"] as const) : seconds < 129_600 ? ([3_600, "hour"] as const) : ([86_400, "day"] as const);
      return relative.format(Math.round(seconds / size), unit).replace(/^in /, "");
    },
    problem: (error) => tell(words, error),
    place: (location) => words.places[location as Place] ?? location.replaceAll("_", " "),
    warning: (code) => words.warnings[code] ?? code.replaceAll("_", " "),
  };
}

function tell(words: Words, error: unknown): Told {
  if (!(error instanceof Problem)) return { title: String(error), next: words.problemElse };
  const known = words.problems[error.code];
  if (known) return { title: known[0], next: known[1] };
  return { title: error.detail || error.code, next: error.remedy ?? words.problemElse };
}
