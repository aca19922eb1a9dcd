/* Finishing a count: asked once, what is still open is named, and a long posting shows how far it is. */
import { useEffect, useRef, useState } from "react";
import { box } from "../api/box";
import { Problem } from "../api/client";
import type { StocktakeSheet } from "../api/views";
import { Button, Card, Switch } from "../parts/controls";
import { Failed } from "../parts/Notice";
import { useWords } from "../words";

const LOOK_EVERY_MS = 700;
/** The box posts some products at a time: without a step for so long, nobody is posting any more. */
const STALLED_MS = 6_000;

export function Finish({ count, onDone }: { count: StocktakeSheet; onDone: () => void }) {
  const w = useWords();
  const [step, setStep] = useState<"idle" | "asked" | "posting">("idle");
  const [isZero, setZero] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const close = (isWithOpen: boolean): void => {
    setStep("posting");
    setError(null);
    box.closeCount(count.stocktake_id, { uncounted: isZero ? "zero" : "leave", with_open_zones: isWithOpen })
      .then(onDone, (problem: unknown) => { setError(problem); setStep("asked"); });
  };
  // A count that is being posted goes on at the box, whoever began it and whatever became of their screen.
  const isPosting = step === "posting" || (step === "idle" && count.state === "closing");
  if (isPosting) return <Posting count={count} onLook={onDone} onStalled={() => setStep("asked")} />;
  if (step === "idle") return <Button onClick={() => setStep("asked")}>{w.count.close}</Button>;
  const isZoneOpen = error instanceof Problem && error.code === "zones_open";
  const open = count.zones.filter((zone) => zone.state === "open").map((zone) => zone.zone).join(", ");
  return (
    <Card>
      <p role="alert">{isZoneOpen ? w.count.zonesOpen(open) : count.state === "closing" ? w.count.goesOn : w.count.closeAsk}</p>
      {count.kind === "full" && <Switch label={w.count.uncounted} hint={w.count.uncountedWhy} isOn={isZero} onChange={setZero} />}
      {error !== null && !isZoneOpen && <Failed error={error} />}
      <div className="acts">
        <Button kind="main" onClick={() => close(isZoneOpen)}>{isZoneOpen ? w.count.closeAnyway : w.count.close}</Button>
        {count.state === "open" && <Button onClick={() => { setStep("idle"); setError(null); }}>{w.common.cancel}</Button>}
      </div>
    </Card>
  );
}

/** Of a count by zones: each product is posted from its parts, and a part that is left is one that waits. */
function Posting({ count, onLook, onStalled }: { count: StocktakeSheet; onLook: () => void; onStalled: () => void }) {
  const w = useWords();
  const standing = count.lines.filter((line) => !["withdrawn", "replaced"].includes(line.status));
  const posted = standing.filter((line) => line.status !== "counted").length;
  const stalled = useRef(onStalled);
  stalled.current = onStalled;
  useEffect(() => {
    const timer = setInterval(onLook, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [onLook]);
  useEffect(() => {
    if (count.state !== "closing") return undefined;
    const timer = setTimeout(() => stalled.current(), STALLED_MS);
    return () => clearTimeout(timer);
  }, [count.state, posted, standing.length]);
  return (
    <Card>
      <p role="status">{w.count.posting(posted, standing.length)}</p>
      <progress value={posted} max={Math.max(1, standing.length)} aria-label={w.count.posting(posted, standing.length)} />
    </Card>
  );
}
