/*
 * When something happened, as the box can place it: this page's name, its own counter, the newest position of
 * the ledger that it had been told, and the monotonic time since then. A page that is opened anew is a new device.
 */
import { box } from "../api/box";

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

let told: { position: number; at: number } | null = null;
let counter = 0;

/** Ask the box where it is, by this device's name, so that it notes the moment too. */
export async function askPosition(): Promise<number> {
  const { position } = await box.sync(DEVICE);
  told = { position, at: performance.now() };
  return position;
}

export function thisMoment(): Handheld {
  counter += 1;
  const moment: Handheld = {
    device: DEVICE,
    counter,
    seen_position: told?.position ?? 0,
    occurred_at_ms: Date.now(),
  };
  return told ? { ...moment, elapsed_ms: Math.round(performance.now() - told.at) } : moment;
}
