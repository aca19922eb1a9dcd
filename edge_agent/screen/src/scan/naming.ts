/* What a code stands for: the box says it; while the box is away, what this device has seen before. */
import { box } from "../api/box";
import { Problem } from "../api/client";
import type { LookUpView } from "../api/views";
import { recall, remember } from "../keep/database";

/** A code as people know it: without the scanner's own mark of its kind (AIM), no zeros before an EAN. */
export function shown(code: string): string {
  return code.replace(/^\][A-Za-z][0-9A-Fa-f]/, "").replace(/^(?:0{6}(?=[0-9]{8}$)|0(?=[0-9]{13}$))/, "").replaceAll("\u001d", "·");
}

export interface Named {
  code: string;
  /** Empty when the box is away and the code is new to this device. */
  id: string;
  name: string;
  /** Empty as well then: it may be weighed. */
  unit: string;
  /** What one scan of it stands for. */
  pack: string;
  answer: LookUpView | null;
}

/** Raises Problem for what is no code, or of no product. */
export async function nameOf(code: string): Promise<Named> {
  try {
    const answer = await box.lookUp(code);
    if (!answer.product) throw new Problem(answer.problem?.code ?? "unreadable", 422, answer.problem?.detail ?? code);
    const { id, name, unit } = answer.product;
    const known = { code, id, name, unit, pack: answer.quantity };
    await remember(known);
    return { ...known, answer };
  } catch (error) {
    if (!(error instanceof Problem) || !error.isAway) throw error;
    const known = await recall(code);
    return { ...(known ?? { code, id: "", name: code, unit: "", pack: "1" }), answer: null };
  }
}
