/* Counts: what is to be counted today, the open ones to join, a new one; and the one that is being counted. */
import { type FormEvent, useState } from "react";
import { box } from "../api/box";
import type { StocktakeView } from "../api/views";
import { Button, Card, Field, Row, Switch } from "../parts/controls";
import { Failed } from "../parts/Notice";
import { Shown, useAnswer } from "../parts/answer";
import { go } from "../router";
import { useWords } from "../words";
import { useBegin } from "./beginning";
import { Counting } from "./Counting";

const FINISHED_SHOWN = 3;
const NAMED = 6;

export function Count({ of }: { of: string }) {
  return of ? <Counting id={of} /> : <Counts />;
}

function Counts() {
  const w = useWords();
  const counts = useAnswer(() => box.stocktakes(), []);
  return (
    <div className="columns">
      <div>
        <Today />
        <Shown answer={counts}>
          {({ items }) => {
            const open = items.filter((count) => count.state !== "closed");
            const finished = items.filter((count) => count.state === "closed").slice(0, FINISHED_SHOWN);
            return (
              <>
                <Card title={w.count.open}><Rows counts={open} />{open.length === 0 && <p className="hint none">{w.count.noneOpen}</p>}</Card>
                {finished.length > 0 && <Card title={w.count.finished}><Rows counts={finished} /></Card>}
              </>
            );
          }}
        </Shown>
      </div>
      <Begin />
    </div>
  );
}

function Rows({ counts }: { counts: StocktakeView[] }) {
  const w = useWords();
  return (
    <ul className="rows">
      {counts.map((count) => (
        <Row key={count.stocktake_id} icon="count" title={count.name || w.flows.count} detail={[w.time(count.opened_at), count.actor].filter(Boolean).join(" · ")} onOpen={() => go("count", count.stocktake_id)} />
      ))}
    </ul>
  );
}

/** A day's share of the store's plan, begun with one tap. */
function Today() {
  const w = useWords();
  const due = useAnswer(() => box.countPlan(), []);
  const { begin, error } = useBegin();
  const items = due.value?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Card title={w.count.today(items.length)}>
      <p>{items.slice(0, NAMED).map((each) => each.name).join(" · ")}{items.length > NAMED && " …"}</p>
      {error !== null && <Failed error={error} />}
      <Button kind="main" icon="count" isWide onClick={() => begin({ name: w.count.todayName, kind: "cycle", product_ids: items.map((each) => each.product_id) })}>{w.count.beginToday}</Button>
    </Card>
  );
}

function Begin() {
  const w = useWords();
  const [name, setName] = useState("");
  const [zones, setZones] = useState("");
  const [isBlind, setBlind] = useState(true);
  const { begin, error } = useBegin();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    begin({ name, blind: isBlind, zones: zones.split(",").map((zone) => zone.trim()).filter(Boolean) });
  };
  return (
    <Card title={w.count.begin}>
      <p className="hint">{w.count.lead}</p>
      <form onSubmit={submit}>
        <Field label={w.count.called} placeholder={w.count.calledExample} value={name} maxLength={200} required onChange={(event) => setName(event.target.value)} />
        <Field label={`${w.zones.field} (${w.common.optional})`} hint={w.zones.fieldWhy} placeholder={w.zones.fieldExample} value={zones} maxLength={1000} onChange={(event) => setZones(event.target.value)} />
        <Switch label={w.count.blind} hint={w.count.blindWhy} isOn={isBlind} onChange={setBlind} />
        {error !== null && <Failed error={error} />}
        <Button kind="main" isWide type="submit" icon="count">{w.count.begin}</Button>
      </form>
    </Card>
  );
}
