/* Asks for a quantity in a sheet: nothing unreadable, nothing absurd without a second look. */
import { useState } from "react";
import { MANY, TYPED_MAX, parse, text } from "../amounts";
import { useWords } from "../words";
import { Button } from "./controls";
import { Pad } from "./Pad";
import { Sheet } from "./Sheet";

interface HowManyProps {
  title: string;
  unit: string;
  first?: string;
  act: string;
  isZeroFine?: boolean;
  onDone: (thousandths: number) => void;
  onClose: () => void;
}

export function HowMany({ title, unit, first = "1", act, isZeroFine = false, onDone, onClose }: HowManyProps) {
  const w = useWords();
  const [typed, setTyped] = useState(first);
  const [isSure, setSure] = useState(false);
  const { value, mistake, isMany } = judge(typed, isZeroFine, w.common);
  const done = (): void => {
    if (value === null) return;
    if (isMany && !isSure) setSure(true);
    else onDone(value);
  };
  return (
    <Sheet title={title} onClose={onClose}>
      <Pad label={w.common.quantity} value={typed} unit={unit} onDone={done} onChange={(next) => { setTyped(next); setSure(false); }} />
      <p className="mistake" role="alert">{typed && mistake}{isSure && value !== null && w.common.reallyMany(w.amount(text(value), unit))}</p>
      <Button kind="main" isWide disabled={value === null} onClick={done}>{isSure ? w.common.yes : act}</Button>
    </Sheet>
  );
}

interface Judged {
  value: number | null;
  mistake: string;
  isMany: boolean;
}

/** What somebody typed as a quantity, in thousandths; or why it is none. */
export function judge(typed: string, isZeroFine: boolean, says: { notANumber: string; tooMany: string }): Judged {
  const value = parse(typed);
  if (value === null || (value === 0 && !isZeroFine)) return { value: null, mistake: says.notANumber, isMany: false };
  if (value > TYPED_MAX) return { value: null, mistake: says.tooMany, isMany: false };
  return { value, mistake: "", isMany: value >= MANY };
}
