/* Lots that end soon or have ended: in words, and the way to book what nobody may sell any more. */
import type { LotView } from "../api/views";
import { Button } from "../parts/controls";
import { go } from "../router";
import { useWords } from "../words";
import { wasteOf } from "./asked";

const NAMED_MAX = 3;

/** Each with where it lies and its last good day; then what to do. */
export function EndingLots({ lots, unit }: { lots: LotView[]; unit: string }) {
  const w = useWords();
  const next = lots.some((lot) => lot.is_expired) ? w.attention.endedNext : w.attention.endsNext;
  return (
    <>
      {lots.slice(0, NAMED_MAX).map((lot) => (
        <span key={`${lot.lot}/${lot.expiry}/${lot.location}`} className="row-detail">
          {[w.attention.ofLot(w.amount(lot.quantity, unit), lot.lot), w.place(lot.location), `${w.lookup.expiry} ${w.date(lot.expiry)}`].join(" · ")}
          {lot.is_expired && <strong className="state refused"> · {w.warning("expired")}</strong>}
        </span>
      ))}
      {lots.length > NAMED_MAX && <span className="row-detail">{w.receive.more(lots.length - NAMED_MAX)}</span>}
      <span className="row-detail">{next}</span>
    </>
  );
}

/** The one that ended first; the next follows when it is booked. */
export function BookAsWaste({ lots }: { lots: LotView[] }) {
  const w = useWords();
  const ended = lots.find((lot) => lot.is_expired);
  if (!ended) return null;
  return <Button kind="main" icon="adjust" onClick={() => go("adjust", wasteOf(ended))}>{ended.lot ? w.attention.wasteLot(ended.lot) : w.attention.waste}</Button>;
}
