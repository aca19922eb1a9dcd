/* A count by zones: who counts which, taking one over, a new one, and saying that one is done. */
import { type FormEvent, useState } from "react";
import { box } from "../api/box";
import { Problem } from "../api/client";
import type { StocktakeSheet } from "../api/views";
import { Button, Card, Field } from "../parts/controls";
import { Failed, Notice } from "../parts/Notice";
import { useHold } from "../scan/Beeps";
import { useWords } from "../words";

interface ZonesProps {
  count: StocktakeSheet;
  /** The zone that is counted on this device; empty: none. */
  mine: string;
  onTake: (zone: string) => void;
  onChanged: () => void;
}

export function Zones({ count, mine, onTake, onChanged }: ZonesProps) {
  const w = useWords();
  const [error, setError] = useState<unknown>(null);
  const [taken, setTaken] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  useHold(isBusy);
  const act = (work: Promise<unknown>, zone: string, onProblem: (problem: unknown) => void = setError): void => {
    setBusy(true);
    void work.then(() => { setError(null); setTaken(null); onTake(zone); onChanged(); }, onProblem).finally(() => setBusy(false));
  };
  const take = (zone: string, isOver = false): void =>
    act(box.takeZone(count.stocktake_id, zone, isOver), zone, (problem) => {
      if (problem instanceof Problem && problem.code === "zone_taken") setTaken(zone);
      else setError(problem);
    });
  const others = count.zones.find((zone) => zone.zone === taken)?.actor ?? "";
  return (
    <Card title={mine ? w.zones.mine(mine) : w.zones.choose}>
      <ul className="rows">
        {count.zones.map((zone) => (
          <li key={zone.zone} className="row" data-zone={zone.state}><div>
            <span className="row-words"><span className="row-title">{zone.zone}</span><span className="row-detail">{zone.state === "done" ? w.zones.done : zone.actor ? w.zones.by(zone.actor) : w.zones.free}</span></span>
            <span className="row-acts">
              {zone.zone === mine && zone.state === "open" ? <Button kind="main" icon="good" onClick={() => act(box.zoneDone(count.stocktake_id, zone.zone), "")}>{w.zones.finish}</Button>
                : <Button onClick={() => take(zone.zone)}>{zone.state === "done" ? w.zones.again : w.zones.take}</Button>}
            </span>
          </div></li>
        ))}
      </ul>
      {taken && (
        <Notice tone="doubtful" title={w.zones.taken(taken, others)}>
          <p>{w.zones.takenNext}</p>
          <div className="acts">
            <Button onClick={() => take(taken, true)}>{w.zones.takeOver}</Button>
            <Button onClick={() => setTaken(null)}>{w.common.cancel}</Button>
          </div>
        </Notice>
      )}
      {error !== null && <Failed error={error} />}
      {!mine && <NewZone onMade={take} />}
    </Card>
  );
}

function NewZone({ onMade }: { onMade: (zone: string) => void }) {
  const w = useWords();
  const [name, setName] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onMade(name.trim());
    setName("");
  };
  return (
    <form onSubmit={submit}>
      <Field label={w.zones.another} value={name} maxLength={60} required onChange={(event) => setName(event.target.value)} />
      <Button type="submit" icon="plus">{w.zones.add}</Button>
    </form>
  );
}
