/* A list that is put together by scanning, for a delivery or a transfer: on the disk at each scan. */
import { text, thousandths } from "../amounts";
import { useDraft } from "../keep/draft";
import { go } from "../router";
import { type Verdict, useTaker } from "../scan/Beeps";
import { nameOf } from "../scan/naming";
import { useWords } from "../words";
import { refusal } from "./lookUpTaker";

export interface BasketLine {
  id: string;
  name: string;
  unit: string;
  /** How many there were to take from when it was scanned; null: nobody may know. */
  here: string | null;
  lot: string | null;
  expiry: string | null;
  /** Why it is not as it should be. */
  reason: string;
  good: number;
  damaged: number;
}

export interface Basket {
  lines: BasketLine[];
  /** Made with the basket: whatever happens, it is handed in once. */
  key: string;
  paper: string;
}

export const emptyBasket = (): Basket => ({ lines: [], key: crypto.randomUUID(), paper: "" });

/** `oddOf` says what is odd about a product in this list; null: nothing. */
export function useBasket(name: string, isOn = true, oddOf: (id: string) => string | null = () => null) {
  const w = useWords();
  const draft = useDraft<Basket>(name, emptyBasket());

  /** What changes is another act: it gets another key. */
  const change = (next: (lines: BasketLine[]) => BasketLine[]): void =>
    draft.change((basket) => ({ ...basket, key: crypto.randomUUID(), lines: next(basket.lines) }));

  const add = async (code: string): Promise<Verdict> => {
    try {
      const { id, name: title, unit, pack, answer } = await nameOf(code);
      if (!id) return { tone: "refused", title: w.scan.away, detail: w.sync.boxAwayNext };
      if (answer?.warnings.includes("lot_unread")) {
        return { tone: "refused", title: w.scan.lotLost(title), detail: w.scan.lotLostNext, action: { text: w.scan.setUp, act: () => go("scanners") } };
      }
      const lot = answer?.lot ?? null;
      const expiry = answer?.expiry ?? null;
      const here = answer?.stock?.available ?? null;
      const more = thousandths(pack);
      let now = more;
      change((lines) => {
        const before = lines.find((line) => line.id === id && line.lot === lot && line.expiry === expiry);
        now = (before?.good ?? 0) + more;
        const rest = lines.filter((line) => line !== before);
        return [{ ...(before ?? { id, name: title, unit, lot, expiry, reason: "", damaged: 0 }), here, good: now }, ...rest];
      });
      const odd = oddOf(id);
      return { tone: odd ? "doubtful" : "good", title, detail: [w.amount(text(now), unit), odd].filter(Boolean).join(" · ") };
    } catch (error) {
      return refusal(w, code, error);
    }
  };
  useTaker(({ code }) => add(code), isOn);

  const set = (line: BasketLine, part: "good" | "damaged", value: number): void =>
    change((lines) => lines.map((each) => (isSame(each, line) ? { ...each, [part]: value } : each)).filter((each) => each.good + each.damaged > 0));
  const explain = (line: BasketLine, reason: string): void => change((lines) => lines.map((each) => (isSame(each, line) ? { ...each, reason } : each)));
  return { basket: draft.value, set, add, explain, paper: (paper: string) => draft.change((basket) => ({ ...basket, paper, key: crypto.randomUUID() })), clear: () => draft.change(emptyBasket) };
}

function isSame(one: BasketLine, other: BasketLine): boolean {
  return one.id === other.id && one.lot === other.lot && one.expiry === other.expiry;
}
