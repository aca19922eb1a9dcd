/* Who is there: a badge that is scanned, or a name with a PIN or password. After wrong tries the wait is shown, with its end. */
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import type { Credentials } from "../api/box";
import { Problem } from "../api/client";
import { Button, Field } from "../parts/controls";
import { Failed } from "../parts/Notice";
import { useTaker } from "../scan/Beeps";
import { proofOf } from "../scan/badge";
import { useWords } from "../words";

interface ProofProps {
  act: string;
  onProof: (who: Credentials) => Promise<unknown>;
  /** Other ways than these. */
  children?: ReactNode;
}

export function ProofForm({ act, onProof, children }: ProofProps) {
  const w = useWords();
  const [isPin, setPin] = useState(true);
  const { attempt, error, waitS, isBusy } = useAttempt();
  const prove = (who: Credentials, onWrong?: () => void): Promise<void> =>
    attempt(() => onProof(who).catch((error: unknown) => {
      if (isWrong(error)) onWrong?.();
      throw wrongOf(error, who);
    }));
  useTaker(async (beep) => {
    const who = proofOf(beep);
    if (who) await prove(who);
    return null;
  }, true, "who");
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const secret = String(given.get("secret") ?? "");
    // A second try begins anew, not behind the first.
    const empty = (): void => {
      const field = form.querySelector<HTMLInputElement>("[name=secret]");
      if (field?.value === secret) field.value = "";
    };
    void prove({ username: String(given.get("username") ?? ""), [isPin ? "pin" : "password"]: secret }, empty);
  };
  return (
    <>
      <form className="proof" onSubmit={submit}>
        <Field label={w.login.user} name="username" autoComplete="off" maxLength={200} required />
        {isPin ? <Field key="pin" label={w.login.pin} name="secret" type="password" inputMode="numeric" pattern="[0-9]{4,8}" required />
          : <Field key="password" label={w.login.password} name="secret" type="password" maxLength={200} required />}
        <Wrong error={error} waitS={waitS} />
        <Button kind="main" isWide type="submit" disabled={isBusy || waitS > 0}>{act}</Button>
      </form>
      <div className="ways">
        <Button kind="quiet" onClick={() => setPin(!isPin)}>{isPin ? w.login.withPassword : w.login.withPin}</Button>
        {children}
      </div>
    </>
  );
}

function isWrong(error: unknown): error is Problem {
  return error instanceof Problem && error.code === "wrong_credentials";
}

/** In the words of what was shown; never which part of it is wrong. */
function wrongOf(error: unknown, who: Credentials): unknown {
  if (!isWrong(error)) return error;
  const shown = who.username === undefined ? "wrong_badge" : who.password === undefined ? "wrong_pin" : "wrong_password";
  return new Problem(shown, error.status, error.detail);
}

/** What was wrong, and for how long one waits now. */
export function Wrong({ error, waitS }: { error: unknown; waitS: number }) {
  const w = useWords();
  if (error === null) return null;
  return (
    <div>
      <Failed error={error} />
      {waitS > 0 && <p className="hint" role="timer">{w.login.wait(waitS)}</p>}
    </div>
  );
}

/** One try at a time; after one that was refused for a while the seconds run down, and then it is forgotten. */
export function useAttempt() {
  const [error, setError] = useState<unknown>(null);
  const [waitS, setWait] = useState(0);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (waitS === 0) return undefined;
    const timer = setTimeout(() => {
      if (waitS === 1) setError(null);
      setWait(waitS - 1);
    }, 1_000);
    return () => clearTimeout(timer);
  }, [waitS]);
  const attempt = async (act: () => Promise<unknown>): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (problem) {
      setError(problem);
      setWait(problem instanceof Problem && problem.status === 429 ? (problem.waitS ?? 0) : 0);
    } finally {
      setBusy(false);
    }
  };
  return { attempt, error, waitS, isBusy };
}
