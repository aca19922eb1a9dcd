/* The lines of a basket; a tap on an amount asks for another. */
import { useState } from "react";
import { text } from "../amounts";
import type { BasketLine } from "../flows/basket";
import { useWords } from "../words";
import { HowMany } from "./HowMany";

type Part = "good" | "damaged";

interface RowsProps {
  lines: BasketLine[];
  onSet: (line: BasketLine, part: Part, value: number) => void;
  hasDamaged?: boolean;
  /** It is taken from what is here. */
  isLeaving?: boolean;
  /** Asks of each line why it is not as it should be. */
  onExplain?: (line: BasketLine, reason: string) => void;
  /** What is expected of a product, when the screen may know. */
  expected?: (id: string) => string | null;
}

export function BasketRows({ lines, onSet, hasDamaged = false, isLeaving = false, onExplain, expected }: RowsProps) {
  const w = useWords();
  const [asked, setAsked] = useState<{ line: BasketLine; part: Part } | null>(null);
  return (
    <>
      <ul className="rows sheet-rows">
        {lines.map((line) => (
          <li key={`${line.id}/${line.lot ?? ""}/${line.expiry ?? ""}`} className="row">
            <div>
              <span className="row-words">
                <span className="row-title">{line.name}</span>
                <span className="row-detail">{[line.lot && `${w.lookup.lot} ${line.lot}`, line.expiry && `${w.lookup.expiry} ${w.date(line.expiry)}`, expected?.(line.id)].filter(Boolean).join(" · ")}</span>
              </span>
              {hasDamaged && <Amount line={line} part="damaged" label={w.receive.damaged} onAsk={() => setAsked({ line, part: "damaged" })} />}
              <Amount line={line} part="good" label={hasDamaged ? w.receive.good : ""} onAsk={() => setAsked({ line, part: "good" })} />
              {onExplain && (
                <select className="reason" aria-label={w.receive.why(line.name)} value={line.reason} onChange={(event) => onExplain(line, event.target.value)}>
                  <option value="">{w.receive.asItShould}</option>
                  {Object.entries(w.receive.reasons).map(([value, text]) => <option key={value} value={value}>{text}</option>)}
                </select>
              )}
            </div>
          </li>
        ))}
      </ul>
      {asked && (
        <HowMany
          title={`${asked.line.name}${hasDamaged ? `: ${w.receive[asked.part]}` : ""}`} unit={asked.line.unit} first={text(asked.line[asked.part])} act={w.common.save} isZeroFine here={isLeaving ? asked.line.here : null}
          onClose={() => setAsked(null)} onDone={(value) => { onSet(asked.line, asked.part, value); setAsked(null); }}
        />
      )}
    </>
  );
}

function Amount({ line, part, label, onAsk }: { line: BasketLine; part: Part; label: string; onAsk: () => void }) {
  const w = useWords();
  const amount = w.amount(text(line[part]), line.unit);
  return (
    <button type="button" className={`amount ${part} ${line[part] === 0 ? "zero" : ""}`} onClick={onAsk} aria-label={`${line.name}: ${amount} ${label}`}>
      <strong>{amount}</strong>{" "}
      {label && <span>{label}</span>}
    </button>
  );
}
