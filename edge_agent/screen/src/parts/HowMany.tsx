/* Asks for a quantity in a sheet: nothing unreadable, nothing absurd without a second look. */
import { useState } from "react";
import { type Beep, type Verdict, useTaker } from "../scan/Beeps";
import { useWords } from "../words";
import { Button } from "./controls";
import { Pad } from "./Pad";
import { Sheet } from "./Sheet";
import { useTyped } from "./typed";

interface HowManyProps {
  title: string;
  /** Null: what it is of is scanned behind it, and looked at then. */
  unit: string | null;
  first?: string;
  act: string;
  isZeroFine?: boolean;
  /** How many there are of what is to leave. */
  here?: string | null;
  onDone: (thousandths: number) => void;
  onClose: () => void;
  /** A scan while this is asked takes the number as it stands; without it scans go where they went before. */
  onBeep?: (beep: Beep, thousandths: number) => Promise<Verdict | null>;
}

export function HowMany({ title, unit, first = "1", act, isZeroFine = false, here = null, onDone, onClose, onBeep }: HowManyProps) {
  const w = useWords();
  const [typed, setTyped] = useState(first);
  const quantity = useTyped(typed, { unit, isZeroFine, here }, onDone);
  useTaker(
    (beep) => (onBeep && quantity.value !== null ? onBeep(beep, quantity.value) : Promise.resolve({ tone: "refused", title: w.sell.howManyFirst, detail: w.sell.howManyNext })),
    onBeep !== undefined, "sales",
  );
  return (
    <Sheet title={title} onClose={onClose}>
      <Pad label={w.common.quantity} value={typed} unit={unit ?? ""} onDone={quantity.act} onChange={setTyped} />
      <p className="mistake" role="alert">{quantity.says}</p>
      <Button kind="main" isWide disabled={quantity.value === null} onClick={quantity.act}>{quantity.isAsked ? w.common.yes : act}</Button>
    </Sheet>
  );
}
