/* What the box says, read when a view opens and again when the box tells that it has changed. Every wait ends. */
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { type Topic, hear } from "../api/live";
import { useHold } from "../scan/Beeps";
import { useWords } from "../words";
import { Failed } from "./Notice";

export interface Answer<T> {
  value: T | null;
  error: unknown;
  again: () => void;
}

const QUIET_MS = 150;

export function useAnswer<T>(ask: () => Promise<T>, of: readonly unknown[], topics: readonly Topic[] = []): Answer<T> {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const latest = useRef(0);
  const asking = useRef(ask);
  asking.current = ask;

  const again = useCallback(() => {
    const mine = (latest.current += 1);
    asking.current().then(
      (answer) => {
        if (mine !== latest.current) return;
        setValue(answer);
        setError(null);
      },
      (problem: unknown) => {
        if (mine === latest.current) setError(problem);
      },
    );
  }, []);

  useEffect(() => {
    setValue(null);
    setError(null);
    again();
    return () => {
      latest.current += 1;
    };
    // The caller says what the question depends on.
  }, [again, ...of]);

  useEffect(() => {
    let timer = 0;
    const soon = (): void => {
      clearTimeout(timer);
      timer = window.setTimeout(again, QUIET_MS);
    };
    const deaf = (["resync", ...topics] as const).map((topic) => hear(topic, soon));
    return () => {
      clearTimeout(timer);
      for (const stop of deaf) stop();
    };
  }, [again, topics.join(" ")]);

  return { value, error, again };
}

/** The view of an answer: a quiet wait, the value, or why there is none. What was shown stays while it is read again. */
export function Shown<T>({ answer, children }: { answer: Answer<T>; children: (value: T) => ReactNode }) {
  const w = useWords();
  useHold(answer.value === null && !answer.error);
  if (answer.value !== null) return <>{children(answer.value)}</>;
  if (answer.error) return <Failed error={answer.error} onAgain={answer.again} />;
  return <p className="loading" role="status">{w.common.loading}</p>;
}
