/* Finishing a count: asked once, what is still open is named, and a long posting shows how far it is. */
import { useEffect, useState } from "react";
import { box } from "../api/box";
import { Problem } from "../api/client";
import type { StocktakeSheet } from "../api/views";
import { Button, Card, Switch } from "../parts/controls";
import { Failed } from "../parts/Notice";
import { useWords } from "../words";

const LOOK_EVERY_MS = 700;

export function Finish({ count, onDone }: { count: StocktakeSheet; onDone: () => void }) {
  const w = useWords();
  const [step, setStep] = useState<"idle" | "asked" | "posting">(count.state === "closing" ? "asked" : "idle");
  const [isZero, setZero] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const close = (isWithOpen: boolean): void => {
    setStep("posting");
    setError(null);
    box.closeCount(count.stocktake_id, { uncounted: isZero ? "zero" : "leave", with_open_zones: isWithOpen })
      .then(onDone, (problem: unknown) => { setError(problem); setStep("asked"); });
  };
  if (step === "idle") return <Button onClick={() => setStep("asked")}>{w.count.close}</Button>;
  if (step === "posting") return <Posting count={count} onLook={onDone} />;
  const isZoneOpen = error instanceof Problem && error.code === "zones_open";
  const open = count.zones.filter((zone) => zone.state === "open").map((zone) => zone.zone).join(", ");
  return (
    <Card>
      <p role="alert">{isZoneOpen ? w.count.zonesOpen(open) : count.state === "closing" ? w.count.goesOn : w.count.closeAsk}</p>
      {count.kind === "full" && <Switch label={w.count.uncounted} hint={w.count.uncountedWhy} isOn={isZero} onChange={setZero} />}
      {error !== null && !isZoneOpen && <Failed error={error} />}
      <div className="acts">
        <Button kind="main" onClick={() => close(isZoneOpen)}>{isZoneOpen ? w.count.closeAnyway : w.count.close}</Button>
        <Button onClick={() => { setStep("idle"); setError(null); }}>{w.common.cancel}</Button>
      </div>
    </Card>
  );
}

/** Of a count by zones: each product is posted from its parts, and a part that is left is one that waits. */
function Posting({ count, onLook }: { count: StocktakeSheet; onLook: () => void }) {
  const w = useWords();
  useEffect(() => {
    const timer = setInterval(onLook, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [onLook]);
  const standing = count.lines.filter((line) => !["withdrawn", "replaced"].includes(line.status));
  const posted = standing.filter((line) => line.status !== "counted").length;
  return (
    <Card>
      <p role="status">{w.count.posting(posted, standing.length)}</p>
      <progress value={posted} max={Math.max(1, standing.length)} aria-label={w.count.posting(posted, standing.length)} />
    </Card>
  );
}
