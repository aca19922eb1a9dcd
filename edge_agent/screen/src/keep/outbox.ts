/*
 * What was confirmed on this device and is to be handed in to the box. An entry is on the disk before anybody is
 * told that it is confirmed, it is sent in order, once, however often it is tried, and it stays until the box has
 * answered. All tabs share it; one of them sends.
 */
import { Problem, post } from "../api/client";
import { database } from "./database";
import { type Handheld, askPosition } from "./moment";

export interface Entry {
  number?: number;
  /** The idempotency key. */
  key: string;
  /** What it belongs to: a stocktake, a sale. */
  group: string;
  path: string;
  body: Record<string, unknown>;
  /** Who confirmed it, as the box named them: it stays their doing, whoever is logged in when it is handed in. */
  doneBy: string | null;
  /** When it happened, for what the box has to place in time. */
  moment: Handheld | null;
  /** From the first try on nothing of it changes, so that a second try is the same request. */
  isFixed: boolean;
  state: "waiting" | "done" | "refused";
  title: string;
  /** What a list shows beside the title. */
  amount: string;
  at: number;
  answer?: unknown;
  problem?: { code: string; detail: string };
}

export type NewEntry = Pick<Entry, "group" | "path" | "body" | "moment" | "title" | "amount"> & { key?: string };

/** Younger than this it is handed in as it happens: nothing lies between it and the box. */
const LIVE_MS = 2_000;
const AGAIN_MS = 4_000;
const KEPT_MS = 3 * 24 * 3_600_000;
const WAITING_MAX = 20_000;

const channel = new BroadcastChannel("outbox");
const watchers = new Set<() => void>();
let doer: string | null = null;
let isSending = false;
let isAskedAgain = false;
let again = 0;
channel.onmessage = () => tellWatchers();

export function onOutbox(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Who confirms from now on. */
export function confirmsNow(doneBy: string | null): void {
  doer = doneBy;
}

/** Keep it, then try to hand it in. Resolves when it is on the disk. */
export async function confirm(made: NewEntry): Promise<Entry> {
  const kept = await database();
  if ((await kept.count("outbox")) >= WAITING_MAX) throw new Problem("outbox_full", 409, "too much waits on this device");
  const entry: Entry = { key: crypto.randomUUID(), isFixed: false, state: "waiting", at: Date.now(), doneBy: doer, ...made };
  const transaction = kept.transaction("outbox", "readwrite", { durability: "strict" });
  entry.number = await transaction.store.add(entry);
  await transaction.done;
  changed();
  void handIn();
  return entry;
}

export async function entriesOf(group: string): Promise<Entry[]> {
  return (await database()).getAllFromIndex("outbox", "group", group);
}

export async function entries(): Promise<Entry[]> {
  return (await database()).getAll("outbox");
}

/** Take one away: a person has seen why it was refused, or its count is closed. */
export async function dismiss(number: number): Promise<void> {
  await (await database()).delete("outbox", number);
  changed();
}

/** Send what waits, oldest first. Whoever calls while it runs is served by the run. */
export async function handIn(): Promise<void> {
  isAskedAgain = true;
  if (isSending) return;
  isSending = true;
  clearTimeout(again);
  try {
    while (isAskedAgain) {
      isAskedAgain = false;
      await alone(sendAll);
    }
  } catch {
    again = window.setTimeout(() => void handIn(), AGAIN_MS);
  } finally {
    isSending = false;
  }
}

async function sendAll(): Promise<void> {
  await forgetOld();
  await fixAll();
  for (const entry of await waiting()) if (entry.isFixed) await send(entry);
}

async function send(entry: Entry): Promise<void> {
  const body = entry.moment ? { ...entry.body, handheld: entry.moment } : entry.body;
  try {
    await save({ ...entry, state: "done", answer: await post(entry.path, body, { key: entry.key, doneBy: entry.doneBy }) });
  } catch (error) {
    if (!(error instanceof Problem) || error.isAway || error.status === 401) throw error;
    // A badge that was scanned while the box could not tell is nothing to be kept.
    if (error.code === "badge") return dismiss(entry.number ?? 0);
    const isKnown = error.code === "already_recorded";
    const problem = { code: error.code, detail: error.detail };
    await save({ ...entry, state: isKnown ? "done" : "refused", ...(isKnown ? {} : { problem }) });
  }
}

/**
 * What waited longer learns how far the box is now: it happened before that. On the disk before it is sent: a device
 * that loses its power meanwhile sends the very same again.
 */
async function fixAll(): Promise<void> {
  const open = (await waiting()).filter((entry) => !entry.isFixed);
  const isOld = (entry: Entry): boolean => entry.moment !== null && Date.now() - entry.at > LIVE_MS;
  if (open.length === 0) return;
  const until = open.some(isOld) ? await askPosition() : 0;
  const transaction = (await database()).transaction("outbox", "readwrite", { durability: "strict" });
  for (const entry of open) {
    const moment = isOld(entry) && entry.moment ? { ...entry.moment, until_position: until } : entry.moment;
    void transaction.store.put({ ...entry, isFixed: true, moment });
  }
  await transaction.done;
  changed();
}

async function waiting(): Promise<Entry[]> {
  return (await entries()).filter((entry) => entry.state === "waiting");
}

async function forgetOld(): Promise<void> {
  const before = Date.now() - KEPT_MS;
  const kept = await database();
  for (const entry of await entries()) {
    if (entry.state === "done" && entry.at < before && entry.number) await kept.delete("outbox", entry.number);
  }
}

async function save(entry: Entry): Promise<void> {
  await (await database()).put("outbox", entry);
  changed();
}

/** In one tab at a time; where a browser knows no locks the keys see to it that nothing counts twice. */
async function alone(act: () => Promise<void>): Promise<void> {
  const locks = navigator.locks as LockManager | undefined;
  if (locks) await locks.request("outbox", act);
  else await act();
}

function changed(): void {
  channel.postMessage("changed");
  tellWatchers();
}

function tellWatchers(): void {
  for (const watcher of watchers) watcher();
}
