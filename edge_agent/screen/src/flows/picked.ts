/* The one product that a flow is about: scanned, or chosen by name. */
import { useEffect, useState } from "react";
import { box } from "../api/box";
import type { LevelLine } from "../api/views";
import { useTaker } from "../scan/Beeps";
import { nameOf } from "../scan/naming";
import { useWords } from "../words";
import { refusal } from "./lookUpTaker";

export interface Picked {
  id: string;
  name: string;
  unit: string;
  lot: string | null;
  expiry: string | null;
  /** How many there are to take from; null: nobody may know. */
  here: string | null;
}

export function usePicked(first: string, lot: string | null = null, expiry: string | null = null) {
  const w = useWords();
  const [picked, setPicked] = useState<Picked | null>(null);
  useEffect(() => {
    if (first) void box.product(first).then(({ id, name, unit, stock }) => setPicked({ id, name, unit, lot, expiry, here: stock?.available ?? null }), () => undefined);
  }, [first, lot, expiry]);
  useTaker(async ({ code }) => {
    try {
      const { id, name, unit, answer } = await nameOf(code);
      if (!id) return { tone: "refused", title: w.scan.away, detail: w.sync.boxAwayNext };
      setPicked({ id, name, unit, lot: answer?.lot ?? null, expiry: answer?.expiry ?? null, here: answer?.stock?.available ?? null });
      return { tone: "good", title: name };
    } catch (error) {
      return refusal(w, code, error);
    }
  });
  const pick = (level: LevelLine): void => setPicked({ id: level.product_id, name: level.name, unit: level.unit, lot: null, expiry: null, here: level.available });
  return { picked, pick, drop: () => setPicked(null) };
}
