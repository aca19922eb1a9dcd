/*
 * When something happened, as the box can place it: this page's name, its own counter, the newest position of
 * the ledger that this device had been told, and the monotonic time since this page was. A page that is opened anew
 * is a new device to the box; what its forerunner was told is kept, since what happens now lies behind that.
 */
import { box } from "../api/box";
import { database } from "./database";

export const DEVICE = `screen-${crypto.randomUUID().slice(0, 18)}`;

/** The border's model of the same name. */
export interface Handheld {
  device: string;
  counter: number;
  seen_position: number;
  elapsed_ms?: number;
  until_position?: number;
  occurred_at_ms: number;
}

const POSITION = "position";
let told: { position: number; at: number } | null = null;
let counter = 0;

/** Ask the box where it is, by this device's name, so that it notes the moment too. */
export async function askPosition(): Promise<number> {
  const { position } = await box.sync(DEVICE);
  const isNews = told?.position !== position;
  told = { position, at: performance.now() };
  if (isNews) await (await database()).put("told", position, POSITION);
  return position;
}

export async function thisMoment(): Promise<Handheld> {
  counter += 1;
  const moment = { device: DEVICE, counter, occurred_at_ms: Date.now() };
  if (told) return { ...moment, seen_position: told.position, elapsed_ms: Math.round(performance.now() - told.at) };
  return { ...moment, seen_position: (await (await database()).get("told", POSITION)) ?? 0 };
}
