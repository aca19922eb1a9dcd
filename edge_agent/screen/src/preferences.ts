/* What a person has set on this device: language, sound, look, the scanner that belongs to it. No secrets. */
import { useSyncExternalStore } from "react";

export type Language = "en" | "de";
export type Look = "auto" | "light" | "dark";

export interface Preferences {
  language: Language;
  sound: boolean;
  look: Look;
  /** The name of the scanner whose beeps act here; null: any. */
  scanner: string | null;
}

const NAME = "backstock.preferences";
const watchers = new Set<() => void>();
let current: Preferences = read();

export const preferences = (): Preferences => current;

export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  localStorage.setItem(NAME, JSON.stringify(current));
  dress();
  for (const watcher of watchers) watcher();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(watch, preferences);
}

/** Put language and look on the document. */
export function dress(): void {
  document.documentElement.lang = current.language;
  document.documentElement.dataset["look"] = current.look;
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function read(): Preferences {
  const language: Language = navigator.language.startsWith("de") ? "de" : "en";
  const first: Preferences = { language, sound: true, look: "auto", scanner: null };
  try {
    return { ...first, ...(JSON.parse(localStorage.getItem(NAME) ?? "{}") as Partial<Preferences>) };
  } catch {
    return first;
  }
}
