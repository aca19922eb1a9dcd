/* What this device keeps for itself, in IndexedDB: what waits to be handed in, drafts, names of codes. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Entry } from "./outbox";

export interface Known {
  code: string;
  id: string;
  name: string;
  unit: string;
  pack: string;
}

export interface Draft {
  flow: string;
  value: unknown;
}

interface Kept extends DBSchema {
  outbox: { key: number; value: Entry; indexes: { group: string } };
  drafts: { key: string; value: Draft };
  codes: { key: string; value: Known };
  /** What the box said last, by its name. */
  told: { key: string; value: number };
  tear: { key: string; value: Uint8Array };
}

/** More than a block of LevelDB's log, less than what it keeps in a file of its own. */
const BEHIND_A_TEAR = 40_000;

let opened: Promise<IDBPDatabase<Kept>> | null = null;

export function database(): Promise<IDBPDatabase<Kept>> {
  opened ??= open().catch((error: unknown) => {
    opened = null;
    throw error;
  });
  return opened;
}

async function open(): Promise<IDBPDatabase<Kept>> {
  const kept = await openDB<Kept>("backstock", 2, {
    upgrade(made, version) {
      if (version < 1) {
        made.createObjectStore("outbox", { keyPath: "number", autoIncrement: true }).createIndex("group", "group");
        made.createObjectStore("drafts", { keyPath: "flow" });
        made.createObjectStore("codes", { keyPath: "code" });
      }
      if (version < 2) {
        made.createObjectStore("told");
        made.createObjectStore("tear");
      }
    },
    blocking(_, __, event) {
      (event.target as IDBDatabase).close();
      opened = null;
    },
    terminated() {
      opened = null;
    },
  });
  await leaveTear(kept);
  return kept;
}

/**
 * After a power cut Chromium goes on writing behind a torn end of its log, and after the next one it leaves out all
 * that stands behind the tear in the same 32 KiB, synced or not. So the first thing written is as long as that.
 */
async function leaveTear(kept: IDBPDatabase<Kept>): Promise<void> {
  const transaction = kept.transaction("tear", "readwrite", { durability: "strict" });
  await transaction.store.put(crypto.getRandomValues(new Uint8Array(BEHIND_A_TEAR)), "filler");
  await transaction.done;
}

/** The name of a code that was looked up before, for when the box is away. */
export async function recall(code: string): Promise<Known | undefined> {
  return (await database()).get("codes", code);
}

export async function remember(known: Known): Promise<void> {
  await (await database()).put("codes", known);
}
