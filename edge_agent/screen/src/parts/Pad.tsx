/* Typing how many: big keys for a thumb, the same by keyboard. */
import { useId, useLayoutEffect, useRef } from "react";
import { isWhole } from "../amounts";
import { useWords } from "../words";
import { Icon } from "./Icon";

interface PadProps {
  label: string;
  value: string;
  unit: string;
  onChange: (value: string) => void;
  onDone?: () => void;
}

const KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3"] as const;
const CHARS_MAX = 9;

export function Pad({ label, value, unit, onChange, onDone }: PadProps) {
  const w = useWords();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const point = w.language === "de" ? "," : ".";
  // With the first picture: whoever types at once after a scan types here.
  useLayoutEffect(() => {
    if (input.current) input.current.autofocus = true; // a sheet that opens around it looks for that
    input.current?.focus({ preventScroll: true });
    input.current?.select();
  }, []);
  const press = (key: string): void => {
    const element = input.current;
    const isSelected = element !== null && element.selectionStart === 0 && element.selectionEnd === value.length && value !== "";
    onChange(((isSelected ? "" : value) + key).slice(0, CHARS_MAX));
    element?.setSelectionRange(CHARS_MAX, CHARS_MAX);
  };
  return (
    <div className="pad">
      <div className="pad-shown">
        <label htmlFor={id} className="hidden">{label}</label>
        <input
          id={id}
          ref={input}
          inputMode="none"
          autoComplete="off"
          value={value}
          maxLength={CHARS_MAX}
          onChange={(event) => onChange(event.target.value.replace(/[^0-9.,]/g, ""))}
          onKeyDown={(event) => event.key === "Enter" && onDone?.()}
        />
        {!isWhole(unit) && <span className="pad-unit">{w.units[unit] ?? unit}</span>}
      </div>
      <div className="pad-keys">
        {KEYS.map((key) => <button key={key} type="button" onClick={() => press(key)}>{key}</button>)}
        <button type="button" onClick={() => press(point)} disabled={isWhole(unit)} aria-label={point}>{isWhole(unit) ? "" : point}</button>
        <button type="button" onClick={() => press("0")}>0</button>
        <button type="button" onClick={() => onChange(value.slice(0, -1))} aria-label={w.common.remove}><Icon name="erase" /></button>
      </div>
    </div>
  );
}
