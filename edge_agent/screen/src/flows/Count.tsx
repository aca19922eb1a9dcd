/* Counts: the open ones, a new one; and the one that is being counted. */
import { type FormEvent, useState } from "react";
import { box } from "../api/box";
import { Button, Card, Field, Row, Switch } from "../parts/controls";
import { Failed } from "../parts/Notice";
import { Shown, useAnswer } from "../parts/answer";
import { go } from "../router";
import { useWords } from "../words";
import { Counting } from "./Counting";

export function Count({ of }: { of: string }) {
  return of ? <Counting id={of} /> : <Counts />;
}

function Counts() {
  const w = useWords();
  const counts = useAnswer(() => box.stocktakes(), []);
  return (
    <div className="columns">
      <Card title={w.count.open}>
        <Shown answer={counts}>
          {({ items }) => {
            const open = items.filter((count) => count.state === "open");
            return (
              <ul className="rows">
                {open.map((count) => (
                  <Row key={count.stocktake_id} icon="count" title={count.name || w.flows.count} detail={[w.time(count.opened_at), count.actor].filter(Boolean).join(" · ")} onOpen={() => go("count", count.stocktake_id)} />
                ))}
                {open.length === 0 && <li className="hint none">{w.count.noneOpen}</li>}
              </ul>
            );
          }}
        </Shown>
      </Card>
      <Begin />
    </div>
  );
}

function Begin() {
  const w = useWords();
  const [name, setName] = useState("");
  const [isBlind, setBlind] = useState(true);
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [error, setError] = useState<unknown>(null);
  const begin = (event: FormEvent): void => {
    event.preventDefault();
    box.beginCount({ name, blind: isBlind }, key).then(
      (made) => go("count", made.stocktake_id),
      (problem: unknown) => { setError(problem); },
    );
  };
  const rename = (next: string): void => { setName(next); setKey(crypto.randomUUID()); };
  return (
    <Card title={w.count.begin}>
      <p className="hint">{w.count.lead}</p>
      <form onSubmit={begin}>
        <Field label={w.count.called} placeholder={w.count.calledExample} value={name} maxLength={200} required onChange={(event) => rename(event.target.value)} />
        <Switch label={w.count.blind} hint={w.count.blindWhy} isOn={isBlind} onChange={setBlind} />
        {error !== null && <Failed error={error} />}
        <Button kind="main" isWide type="submit" icon="count">{w.count.begin}</Button>
      </form>
    </Card>
  );
}
