/* Who works at this screen: a person by a cookie that scripts cannot read, or the box's key in this tab. */
import { useSyncExternalStore } from "react";
import { type Credentials, box } from "./api/box";
import { Problem, credentials, onSessionEnd, useKey } from "./api/client";
import { listen } from "./api/live";
import type { Me } from "./api/views";
import { confirmsNow, handIn } from "./keep/outbox";
import { preferences } from "./preferences";

/** `out` with somebody is a session that has ended: what they had begun stays, for them or for whoever comes next. */
export type Session = { state: "unknown"; me: null } | { state: "in"; me: Me } | { state: "out"; me: Me | null };

/** Who asks is not known: the box is away. */
const NOBODY: Me = { id: null, name: "", full_name: "", role: "", permissions: null, device: null, done_by: null };

export type Permission = "stock.read" | "stock.write" | "stock.approve" | "alerts.write" | "reports.read";

/** Who was here last, for when the box cannot be asked. */
const LAST = "backstock.person";

let current: Session = { state: "unknown", me: null };
let stop: (() => void) | null = null;
const watchers = new Set<() => void>();
onSessionEnd(() => become({ state: "out", me: current.me }));

export function useSession(): Session {
  return useSyncExternalStore(watch, () => current);
}

/** Whether who is logged in may do something. While the box is away nobody is kept from trying. */
export function useMay(): (permission: Permission | null) => boolean {
  const permissions = useSession().me?.permissions;
  return (permission) => !permission || !permissions || permissions.includes(permission);
}

/** Whose this screen is now: who is logged in, or was last while nobody knows. */
export function useOwner(): string {
  const { me } = useSession();
  return (me && nameOf(me)) || (localStorage.getItem(LAST) ?? "");
}

/** Ask the box who we are; a box that is away leaves us as we were, so that work goes on. */
export async function begin(): Promise<Me | null> {
  try {
    become({ state: "in", me: await box.me() });
  } catch (error) {
    if (error instanceof Problem && error.status === 401) become({ state: "out", me: current.me });
    else become({ state: "in", me: current.me ?? NOBODY });
  }
  return current.me;
}

/** A person is here from now on, whoever was before; what was begun stays. Raises Problem when it is nobody. */
export async function logIn(who: Credentials): Promise<Me | null> {
  // What this screen's scanner reads is from now on this person's doing.
  const device = preferences().scanner;
  await box.logIn({ ...who, ...(device ? { device } : {}) });
  useKey(null);
  return begin();
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
  become({ state: "out", me: current.me });
}

function become(next: Session): void {
  if (next.state === current.state && next.state !== "in") return;
  current = next;
  stop?.();
  stop = null;
  if (next.state === "in") {
    stop = listen();
    if (next.me !== NOBODY) localStorage.setItem(LAST, nameOf(next.me));
    confirmsNow(next.me.done_by);
    void handIn();
  }
  for (const watcher of watchers) watcher();
}

const nameOf = (me: Me): string => me.id ?? me.name;

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
