/* Asks for a quantity in a sheet: nothing unreadable, nothing absurd without a second look. */
import { useState } from "react";
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
}

export function HowMany({ title, unit, first = "1", act, isZeroFine = false, here = null, onDone, onClose }: HowManyProps) {
  const w = useWords();
  const [typed, setTyped] = useState(first);
  const quantity = useTyped(typed, { unit, isZeroFine, here }, onDone);
  return (
    <Sheet title={title} onClose={onClose}>
      <Pad label={w.common.quantity} value={typed} unit={unit ?? ""} onDone={quantity.act} onChange={setTyped} />
      <p className="mistake" role="alert">{quantity.says}</p>
      <Button kind="main" isWide disabled={quantity.value === null} onClick={quantity.act}>{quantity.isAsked ? w.common.yes : act}</Button>
    </Sheet>
  );
}
