/*
 * The slip of one customer: what was sold, what waits on this device because the box was away, what was taken back.
 * The box has every sale the moment it is confirmed; the slip is only this screen's memory of them.
 */
import { text, thousandths } from "../amounts";
import { box } from "../api/box";
import { Problem } from "../api/client";
import { lineNow } from "../api/live";
import type { ScanView } from "../api/views";
import { useDraft } from "../keep/draft";
import { DEVICE, thisMoment } from "../keep/moment";
import { confirm, dismiss, entriesOf } from "../keep/outbox";
import type { Beep, Verdict } from "../scan/Beeps";
import { nameOf } from "../scan/naming";
import { type Speech, useWords } from "../words";
import { refusal, toldOf } from "./lookUpTaker";

export interface SlipLine {
  key: string;
  state: "sold" | "kept" | "undone";
  /** Of its movement, by which it is taken back. */
  position: number | null;
  product: string;
  name: string;
  quantity: number;
  unit: string;
  price: string | null;
  currency: string | null;
  left: string | null;
}

interface Slip {
  document: string;
  lines: SlipLine[];
}

const fresh = (): Slip => ({ document: `slip-${crypto.randomUUID()}`, lines: [] });

export function useSlip(owner: string) {
  const w = useWords();
  const draft = useDraft<Slip>(`sell/${owner}`, fresh());
  const { document, lines } = draft.value;
  const add = (line: SlipLine): void => draft.change((slip) => ({ ...slip, lines: [line, ...slip.lines] }));

  const sell = async (beep: Beep, times: number): Promise<Verdict> => {
    if (beep.done && beep.done.mode !== "sell") return toldOf(w, beep.done) ?? notDone(w, beep);
    if (beep.done) return beep.done.movement_id ? sold(w, beep.done, beep.id, add) : notDone(w, beep);
    const body = { code: beep.code, mode: "sell", device: DEVICE, document, ...(times === 1_000 ? {} : { quantity: text(times) }) };
    if (lineNow() === "away") return keep(w, beep, body, null, add);
    try {
      return sold(w, await box.scan(body, { key: beep.id }), beep.id, add);
    } catch (error) {
      if (error instanceof Problem && error.isAway) return keep(w, beep, body, error, add);
      return refusal(w, beep.code, error);
    }
  };

  const undoLast = async (): Promise<Verdict> => {
    const last = lines.find((line) => line.state !== "undone");
    if (!last) return { tone: "doubtful", title: w.sell.nothingToUndo };
    const position = last.state === "sold" ? last.position : await handedIn(document, last.key);
    if (position !== null) await box.undo(position);
    draft.change((slip) => ({ ...slip, lines: slip.lines.map((line) => (line === last ? { ...line, state: "undone" } : line)) }));
    return { tone: "good", title: w.sell.undone(last.name) };
  };

  return { lines, sell, undoLast, begin: () => draft.change(fresh) };
}

function sold(w: Speech, answer: ScanView, key: string, add: (line: SlipLine) => void): Verdict {
  const { product, quantity, level, warnings } = answer;
  if (!product) return { tone: "refused", title: w.scan.unreadable, detail: w.scan.unreadableNext };
  add({
    key, state: "sold", position: answer.position, product: product.id, name: product.name,
    quantity: thousandths(quantity), unit: product.unit, price: product.price, currency: product.currency, left: level,
  });
  const odd = warnings.map(w.warning);
  const left = level === null ? "" : w.sell.left(w.amount(level, product.unit));
  const first = answer.use_first && w.lookup.useFirst(answer.use_first.lot || "–", w.date(answer.use_first.expiry));
  return { tone: odd.length > 0 || first ? "doubtful" : "good", title: w.sell.sold(product.name), detail: [...odd, first || left].filter(Boolean).join(" · ") };
}

function notDone(w: Speech, beep: Beep): Verdict {
  const problem = beep.done?.problem;
  return refusal(w, beep.code, new Problem(problem?.code ?? "unreadable", 422, problem?.detail ?? ""));
}

/** The box is away, or its disk is full: the sale is on this device's, with its moment if nothing was sent (`why`: null). */
async function keep(w: Speech, beep: Beep, body: Record<string, unknown>, why: Problem | null, add: (line: SlipLine) => void): Promise<Verdict> {
  const named = await nameOf(beep.code).catch(() => null);
  const name = named?.name ?? beep.code;
  const moment = why ? null : await thisMoment();
  await confirm({ key: beep.id, group: String(body["document"]), path: "/scans", body, moment, title: name, amount: String(body["quantity"] ?? "1") });
  add({
    key: beep.id, state: "kept", position: null, product: named?.id ?? "", name, quantity: thousandths(named?.pack ?? "1"),
    unit: named?.unit || "each", price: null, currency: null, left: null,
  });
  return { tone: "doubtful", title: w.sell.kept(name), detail: why?.code === "storage_full" ? w.sell.keptFull : w.sell.keptNext };
}

/** Where the box booked it; null when it had not been handed in, and is not any more. */
async function handedIn(group: string, key: string): Promise<number | null> {
  const entry = (await entriesOf(group)).find((each) => each.key === key);
  if (entry?.number && !entry.isFixed) await dismiss(entry.number);
  if (entry?.isFixed && entry.state === "waiting") throw new Problem("away", 0, "it is being handed in");
  return (entry?.answer as ScanView | undefined)?.position ?? null;
}
