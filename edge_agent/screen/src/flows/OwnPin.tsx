/* One's own PIN, changed by who knows it, or the password. */
import { type FormEvent, useState } from "react";
import { box } from "../api/box";
import { Button, Card, Field } from "../parts/controls";
import { Wrong, useAttempt } from "../shell/ProofForm";
import { useBeeps } from "../scan/Beeps";
import { useWords } from "../words";

const PIN = "[0-9]{4,8}";

export function OwnPin() {
  const w = useWords();
  const { tell } = useBeeps();
  const { attempt, error, waitS, isBusy } = useAttempt();
  const [tries, setTries] = useState(0);
  const change = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const before = String(given.get("before") ?? "");
    const proof = new RegExp(`^${PIN}$`).test(before) ? { old_pin: before } : { password: before };
    void attempt(async () => {
      await box.setPin(String(given.get("pin") ?? ""), proof);
      setTries(tries + 1);
      tell({ tone: "good", title: w.settings.pinChanged, detail: w.settings.pinChangedNext });
    });
  };
  return (
    <Card title={w.settings.pin}>
      <form key={tries} className="proof" onSubmit={change}>
        <Field label={w.settings.pinBefore} name="before" type="password" maxLength={200} required />
        <Field label={w.settings.pinNew} name="pin" type="password" inputMode="numeric" pattern={PIN} hint={w.settings.pinHint} required />
        <Wrong error={error} waitS={waitS} />
        <Button type="submit" disabled={isBusy || waitS > 0}>{w.settings.pinChange}</Button>
      </form>
    </Card>
  );
}
