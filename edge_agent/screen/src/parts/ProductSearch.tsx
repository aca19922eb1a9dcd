/* Search as you type over the store's products; a code that is typed here goes the way of a scan. */
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { box } from "../api/box";
import { Problem } from "../api/client";
import { lineNow } from "../api/live";
import type { LevelLine } from "../api/views";
import { useCamera } from "../camera/useCamera";
import { useBeeps } from "../scan/Beeps";
import { useWords } from "../words";
import { Row } from "./controls";
import { Icon } from "./Icon";
import { Failed } from "./Notice";

interface SearchProps {
  onPick: (level: LevelLine) => void;
  /** Without one a typed code is not taken for a scan. */
  takesCodes?: boolean;
  hasFocus?: boolean;
}

const QUIET_MS = 90;

export function ProductSearch({ onPick, takesCodes = true, hasFocus = false }: SearchProps) {
  const w = useWords();
  const id = useId();
  const beeps = useBeeps();
  const camera = useCamera();
  const [typed, setTyped] = useState("");
  const { found, error } = useSearch(typed);
  const isActing = useRef(false);
  const pick = (level: LevelLine): void => {
    setTyped("");
    beeps.dismiss();
    onPick(level);
  };
  const act = async (words: string): Promise<void> => {
    // What is on show may be of fewer letters than were typed by now.
    const [only, ...others] = lineNow() === "away" ? [] : await box.search(words).then((page) => page.items, () => []);
    if (only && others.length === 0) return pick(only);
    if (!takesCodes || (only && !(await isCode(words)))) return;
    setTyped("");
    beeps.enter(words);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const words = typed.trim();
    if (!words || isActing.current) return;
    isActing.current = true;
    void act(words).finally(() => { isActing.current = false; });
  };
  return (
    <div className="search">
      <form role="search" onSubmit={submit}>
        <label htmlFor={id} className="hidden">{w.scan.field}</label>
        <Icon name="lookup" />
        <input id={id} type="search" value={typed} placeholder={w.scan.field} autoComplete="off" spellCheck={false} autoFocus={hasFocus} enterKeyHint="search" maxLength={200} onChange={(event) => setTyped(event.target.value)} />
        {takesCodes && camera.button}
      </form>
      {camera.view}
      {error !== null && <Failed error={error} />}
      {found && (
        <ul className="rows found" aria-live="polite">
          {found.map((level) => (
            <Row key={level.product_id} title={level.name} detail={level.sku} end={<Held level={level} />} onOpen={() => pick(level)} />
          ))}
          {found.length === 0 && <li className="hint none">{w.lookup.nothing}. {w.lookup.nothingNext}</li>}
        </ul>
      )}
    </div>
  );
}

/** Whether the words that several products match are a code all the same; a badge is one. */
function isCode(words: string): Promise<boolean> {
  return box.lookUp(words).then(({ product }) => product !== null, (error: unknown) => error instanceof Problem && error.code === "badge");
}

function Held({ level }: { level: LevelLine }) {
  const w = useWords();
  const tone = level.available !== null && Number(level.available) <= 0 ? "refused" : "";
  return <strong className={`figure ${tone}`}>{w.amount(level.available, level.unit)}</strong>;
}

function useSearch(typed: string): { found: LevelLine[] | null; error: unknown } {
  const [found, setFound] = useState<LevelLine[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const words = typed.trim();
    setError(null);
    if (!words) {
      setFound(null);
      return undefined;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => {
      box.search(words, controller.signal).then(
        (page) => setFound(page.items),
        (problem: unknown) => controller.signal.aborted || setError(problem),
      );
    }, QUIET_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [typed]);
  return { found, error };
}
