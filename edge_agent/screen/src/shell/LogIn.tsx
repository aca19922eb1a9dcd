/*
 * Who works here: by a badge, by name and PIN or password, or by the box's key. It covers the whole screen, so that
 * whatever was begun beneath it stays as it is.
 */
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Problem } from "../api/client";
import { Button, Field } from "../parts/controls";
import { usePreferences } from "../preferences";
import { enterWithKey, logIn, useSession } from "../session";
import { useWords } from "../words";
import { ProofForm, Wrong, useAttempt } from "./ProofForm";

const LOOK_EVERY_MS = 1_000;

export function LogIn() {
  const w = useWords();
  const { me } = useSession();
  const [hasKey, setKey] = useState(false);
  useOwnScanner();
  return (
    <Cover label={w.login.title}>
      <main className="login">
        <img src="/icon.svg" alt="" width="64" height="64" />
        <h1>{w.login.title}</h1>
        <p className="hint">{me === null ? w.login.lead : w.login.stays}</p>
        {hasKey ? <KeyForm onBack={() => setKey(false)} />
          : <ProofForm act={w.login.act} onProof={logIn}><Button kind="quiet" onClick={() => setKey(true)}>{w.login.useKey}</Button></ProofForm>}
      </main>
    </Cover>
  );
}

function KeyForm({ onBack }: { onBack: () => void }) {
  const w = useWords();
  const { attempt, error, waitS, isBusy } = useAttempt();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const key = String(new FormData(event.currentTarget).get("key") ?? "");
    void attempt(() => enterWithKey(key));
  };
  return (
    <>
      <form className="proof" onSubmit={submit}>
        <Field label={w.login.key} name="key" type="password" autoComplete="off" hint={w.login.keyWhy} required />
        <Wrong error={error} waitS={waitS} />
        <Button kind="main" isWide type="submit" disabled={isBusy}>{w.login.act}</Button>
      </form>
      <div className="ways"><Button kind="quiet" onClick={onBack}>{w.login.useName}</Button></div>
    </>
  );
}

/** A dialog above all others, which only a log-in ends. */
function Cover({ label, children }: { label: string; children: React.ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = (): void => {
    if (dialog.current && !dialog.current.open) dialog.current.showModal();
  };
  useEffect(open, []);
  return (
    <dialog ref={dialog} className="cover" aria-label={label} onCancel={(event) => event.preventDefault()} onClose={open}>
      {children}
    </dialog>
  );
}

/** Nobody is told anything before a log-in: so this screen asks whether its own scanner has read a badge. */
function useOwnScanner(): void {
  const { scanner } = usePreferences();
  useEffect(() => {
    if (!scanner) return undefined;
    let timer = 0;
    let isOver = false;
    const look = async (): Promise<void> => {
      const isOurs = await logIn({ badge_at: scanner }).then(() => true, (error: unknown) => !(error instanceof Problem) || error.code !== "not_paired");
      if (isOurs && !isOver) timer = window.setTimeout(() => void look(), LOOK_EVERY_MS);
    };
    void look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [scanner]);
}
