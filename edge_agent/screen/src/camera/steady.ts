/* One beep for one showing: a code counts when two pictures agree on it, and again only after it was gone for a while. */

const AGREEING = 2;
const GONE_MS = 1_000;

export class Steady {
  private candidate = "";
  private agreeing = 0;
  private beeped = "";
  private seenAt = 0;

  /** What one picture showed; the code to beep for, or null. */
  see(code: string | null, now: number): string | null {
    if (now - this.seenAt > GONE_MS) this.beeped = "";
    if (code === null) return null;
    this.agreeing = code === this.candidate ? this.agreeing + 1 : 1;
    this.candidate = code;
    if (code === this.beeped) this.seenAt = now;
    if (code === this.beeped || this.agreeing < AGREEING) return null;
    this.beeped = code;
    this.seenAt = now;
    return code;
  }
}
