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
}

let opened: Promise<IDBPDatabase<Kept>> | null = null;

export function database(): Promise<IDBPDatabase<Kept>> {
  opened ??= open().catch((error: unknown) => {
    opened = null;
    throw error;
  });
  return opened;
}

function open(): Promise<IDBPDatabase<Kept>> {
  return openDB<Kept>("backstock", 2, {
    upgrade(made, version) {
      if (version < 1) {
        made.createObjectStore("outbox", { keyPath: "number", autoIncrement: true }).createIndex("group", "group");
        made.createObjectStore("drafts", { keyPath: "flow" });
        made.createObjectStore("codes", { keyPath: "code" });
      }
      if (version < 2) made.createObjectStore("told");
    },
    blocking(_, __, event) {
      (event.target as IDBDatabase).close();
      opened = null;
    },
    terminated() {
      opened = null;
    },
  });
}

/** The name of a code that was looked up before, for when the box is away. */
export async function recall(code: string): Promise<Known | undefined> {
  return (await database()).get("codes", code);
}

export async function remember(known: Known): Promise<void> {
  await (await database()).put("codes", known);
}
