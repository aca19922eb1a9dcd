/* Who works at this screen: a person by a cookie that scripts cannot read, or the box's key in this tab. */
import { useSyncExternalStore } from "react";
import { box } from "./api/box";
import { Problem, credentials, onSessionEnd, useKey } from "./api/client";
import { listen } from "./api/live";
import type { Me } from "./api/views";
import { handIn } from "./keep/outbox";

export type Session = { state: "unknown" | "out" } | { state: "in"; me: Me };

/** Who asks is not known: the box is away. */
const NOBODY: Me = { id: null, name: "", full_name: "", role: "", permissions: null, device: null };

let current: Session = { state: "unknown" };
let stop: (() => void) | null = null;
const watchers = new Set<() => void>();
onSessionEnd(() => become({ state: "out" }));

export function useSession(): Session {
  return useSyncExternalStore(watch, () => current);
}

/** Ask the box who we are; a box that is away leaves us as we were, so that work goes on. */
export async function begin(): Promise<void> {
  try {
    become({ state: "in", me: await box.me() });
  } catch (error) {
    if (error instanceof Problem && error.status === 401) become({ state: "out" });
    else become({ state: "in", me: NOBODY });
  }
}

/** Raises Problem when the key is none of this box. */
export async function enterWithKey(key: string): Promise<void> {
  useKey(key.trim());
  try {
    await box.sync();
  } catch (error) {
    useKey(null);
    throw error;
  }
  await begin();
}

export async function leave(): Promise<void> {
  if ("Authorization" in credentials()) useKey(null);
  else await box.logOut();
  become({ state: "out" });
}

function become(next: Session): void {
  if (next.state === current.state && next.state !== "in") return;
  current = next;
  stop?.();
  stop = next.state === "in" ? listen() : null;
  if (next.state === "in") void handIn();
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
