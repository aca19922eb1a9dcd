/* Who works here: by a badge that is scanned, by name and PIN or password, or by the box's key. */
import { type FormEvent, useState } from "react";
import { type Credentials, box } from "../api/box";
import { Button, Field } from "../parts/controls";
import { Failed } from "../parts/Notice";
import { preferences } from "../preferences";
import { useTaker } from "../scan/Beeps";
import { begin, enterWithKey } from "../session";
import { useWords } from "../words";

type Way = "pin" | "password" | "key";

export function LogIn() {
  const w = useWords();
  const [way, setWay] = useState<Way>("pin");
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const attempt = async (act: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setError(null);
    await act().catch(setError);
    setBusy(false);
  };
  // What this screen's scanner reads is from now on this person's doing.
  const device = preferences().scanner;
  const logIn = (who: Credentials): Promise<void> => attempt(() => box.logIn({ ...who, ...(device ? { device } : {}) }).then(begin));
  useTaker(async (beep) => {
    await logIn({ badge: beep.code });
    return null;
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const secret = String(given.get("secret") ?? "");
    if (way === "key") void attempt(() => enterWithKey(secret));
    else void logIn({ username: String(given.get("username") ?? ""), [way]: secret });
  };
  return (
    <main className="login">
      <img src="/icon.svg" alt="" width="64" height="64" />
      <h1>{w.login.title}</h1>
      <p className="hint">{w.login.lead}</p>
      <form key={way} onSubmit={submit}>
        {way !== "key" && <Field label={w.login.user} name="username" autoComplete="username" required />}
        <Secret way={way} />
        {error !== null && <Failed error={error} />}
        <Button kind="main" isWide type="submit" disabled={isBusy}>{w.login.act}</Button>
      </form>
      <div className="ways">
        {way === "pin" && <Button kind="quiet" onClick={() => setWay("password")}>{w.login.withPassword}</Button>}
        {way === "password" && <Button kind="quiet" onClick={() => setWay("pin")}>{w.login.withPin}</Button>}
        <Button kind="quiet" onClick={() => setWay(way === "key" ? "pin" : "key")}>{way === "key" ? w.login.useName : w.login.useKey}</Button>
      </div>
    </main>
  );
}

function Secret({ way }: { way: Way }) {
  const w = useWords();
  if (way === "pin") return <Field label={w.login.pin} name="secret" type="password" inputMode="numeric" pattern="[0-9]{4,8}" autoComplete="off" required />;
  if (way === "password") return <Field label={w.login.password} name="secret" type="password" autoComplete="current-password" required />;
  return <Field label={w.login.key} name="secret" type="password" autoComplete="off" hint={w.login.keyWhy} required />;
}
