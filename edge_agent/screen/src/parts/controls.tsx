/* Buttons, fields and choices: all at least 48 px high, all with a name that a screen reader can say. */
import { type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactNode, useId } from "react";
import { Icon, type IconName } from "./Icon";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "main" | "plain" | "quiet" | "danger";
  icon?: IconName;
  isWide?: boolean;
}

export function Button({ kind = "plain", icon, isWide, children, className = "", ...rest }: ButtonProps) {
  return (
    <button type="button" className={`button ${kind} ${isWide ? "wide" : ""} ${className}`} {...rest}>
      {icon && <Icon name={icon} size={22} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: string;
}

export function Field({ label, hint, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} autoComplete="off" autoCapitalize="off" spellCheck={false} aria-describedby={hint ? `${id}-hint` : undefined} {...rest} />
      {hint && <p id={`${id}-hint`} className="hint">{hint}</p>}
    </div>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  /** null: nothing is chosen yet. */
  value: T | null;
  options: readonly { value: T; text: string }[];
  onChange: (value: T) => void;
}

/** A few choices side by side. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      <div className="options">
        {options.map((option) => (
          <label key={option.value} className={option.value === value ? "chosen" : ""}>
            <input type="radio" name={name} value={option.value} checked={option.value === value} onChange={() => onChange(option.value)} />
            <span>{option.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Switch({ label, hint, isOn, onChange }: { label: string; hint?: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  const id = useId();
  return (
    <div className="switch">
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && <p className="hint">{hint}</p>}
      </div>
      <input id={id} type="checkbox" role="switch" checked={isOn} onChange={(event) => onChange(event.target.checked)} />
    </div>
  );
}

export function Card({ children, title, className = "" }: { children: ReactNode; title?: string; className?: string }) {
  return (
    <section className={`card ${className}`}>
      {title && <h2>{title}</h2>}
      {children}
    </section>
  );
}

/** A line of a list that leads somewhere. */
export function Row({ icon, title, detail, end, onOpen }: { icon?: IconName; title: string; detail?: ReactNode; end?: ReactNode; onOpen?: () => void }) {
  const inside = (
    <>
      {icon && <span className="row-icon"><Icon name={icon} /></span>}
      <span className="row-words">
        <span className="row-title">{title}</span>
        {detail !== undefined && <span className="row-detail">{detail}</span>}
      </span>
      {end !== undefined && <span className="row-end">{end}</span>}
    </>
  );
  return <li className="row">{onOpen ? <button type="button" onClick={onOpen}>{inside}<Icon name="next" size={20} /></button> : <div>{inside}</div>}</li>;
}
