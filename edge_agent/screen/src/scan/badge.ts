/* A badge among the codes: it stands for whose it is, and never for goods. */
import type { Credentials } from "../api/box";
import { Problem } from "../api/client";
import { logIn } from "../session";
import type { Speech } from "../words";
import type { Beep, Taker, Verdict } from "./Beeps";

/** What the box answers to a badge where it expected goods. */
export const BADGE = "badge";

/** Whoever scans a badge takes over, and what was begun stays; a scanner that sells by itself tells what it read. */
export async function unlessBadge(taker: Taker, beep: Beep, w: Speech): Promise<Verdict | null> {
  if (beep.isBadge && beep.done) return { tone: "refused", title: w.login.isBadge, detail: w.login.isBadgeNext };
  if (!beep.isBadge) {
    try {
      return await taker(beep);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== BADGE) throw error;
    }
  }
  const me = await logIn(proofOf(beep) ?? {});
  return { tone: "good", title: w.login.here(me?.full_name || me?.name || "") };
}

/** What was read as the proof of who is there; null: goods. */
export function proofOf({ code, device, isBadge, done }: Beep): Credentials | null {
  if (device === null) return { badge: code };
  return isBadge && done === null ? { badge_at: device } : null;
}
