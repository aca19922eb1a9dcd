/* What a scan does where no flow wants it: show what it is, how many are here, and what is odd about it. */
import { Problem } from "../api/client";
import type { LookUpView, ScanEvent } from "../api/views";
import { go } from "../router";
import type { Beep, Verdict } from "../scan/Beeps";
import { nameOf, shown } from "../scan/naming";
import { type Speech, useWords } from "../words";

export function useLookUpTaker(): (beep: Beep) => Promise<Verdict> {
  const w = useWords();
  return async ({ code, done }) => {
    const told = done && toldOf(w, done);
    if (told) return told;
    try {
      const { id, name, answer } = await nameOf(code);
      if (!id || !answer) return { tone: "refused", title: w.scan.away, detail: w.sync.boxAwayNext };
      go("lookup", id);
      return verdictOf(w, name, answer);
    } catch (error) {
      return refusal(w, code, error);
    }
  };
}

/** What a scanner did by itself; null: it did nothing. */
export function toldOf(w: Speech, done: ScanEvent): Verdict | null {
  const { movement_id, product, mode, quantity } = done;
  if (!movement_id || !product) return null;
  if (mode === "receive") return { tone: "good", title: product.name, detail: w.receive.done(w.amount(quantity, product.unit)) };
  return { tone: "good", title: w.sell.sold(product.name) };
}

/** A code that names nothing can be given a name. A badge is no refusal: whoever scanned it takes over. */
export function refusal(w: Speech, code: string, error: unknown): Verdict {
  if (error instanceof Problem && error.code === "badge") throw error;
  const told = w.problem(error);
  if (!(error instanceof Problem) || error.code !== "unknown_barcode") return { tone: "refused", title: told.title, detail: told.next };
  const number = shown(error.number ?? code);
  return {
    tone: "refused",
    title: w.scan.unknown(number),
    detail: w.scan.unknownNext,
    action: { text: w.lookup.linkCode, act: () => go("link", number) },
  };
}

function verdictOf(w: Speech, name: string, answer: LookUpView): Verdict {
  const left = answer.stock?.available ? w.sell.left(w.amount(answer.stock.available, answer.product?.unit)) : "";
  const odd = answer.warnings.map(w.warning);
  const first = answer.use_first;
  const hint = first ? w.lookup.useFirst(first.lot ?? "–", w.date(first.expiry)) : "";
  return { tone: odd.length > 0 ? "doubtful" : "good", title: name, detail: [...odd, hint || left].filter(Boolean).join(" · ") };
}
