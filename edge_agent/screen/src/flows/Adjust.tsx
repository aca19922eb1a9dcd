/* Waste and corrections: what happened, how many, booked with its reason. */
import { useState } from "react";
import { text } from "../amounts";
import { box } from "../api/box";
import type { Place } from "../api/views";
import { Button, Card, Choice, Field } from "../parts/controls";
import { Empty } from "../parts/Notice";
import { Pad } from "../parts/Pad";
import { ProductSearch } from "../parts/ProductSearch";
import { useTyped } from "../parts/typed";
import { useWords } from "../words";
import { useAct } from "./acting";
import { type Asked, askedOf } from "./asked";
import { type Picked, usePicked } from "./picked";

const REASONS = ["damage", "expiry", "theft", "correction"] as const;
const PLACES: readonly Place[] = ["shelf", "backroom"];
/** What makes it the same goods. */
const LIKE = ["id", "lot", "expiry"] as const;
type Reason = (typeof REASONS)[number];

export function Adjust({ of }: { of: string }) {
  const w = useWords();
  const asked = askedOf(of);
  const { picked, pick, drop } = usePicked(asked.id, asked.lot, asked.expiry);
  const isAsked = picked !== null && LIKE.every((name) => picked[name] === asked[name]);
  return (
    <>
      <ProductSearch onPick={pick} />
      {picked ? <Booking key={LIKE.map((name) => picked[name]).join("/")} picked={picked} asked={isAsked ? asked : null} onDone={drop} /> : <Empty title={w.adjust.lead} icon="adjust" />}
    </>
  );
}

/** `asked`: how the view that led here would have it. */
function Booking({ picked, asked, onDone }: { picked: Picked; asked: Asked | null; onDone: () => void }) {
  const w = useWords();
  const { run, renew, isBusy } = useAct();
  const [reason, setReason] = useState<Reason | null>(REASONS.find((each) => each === asked?.reason) ?? null);
  const [location, setLocation] = useState<Place>(PLACES.find((place) => place === asked?.location) ?? "shelf");
  const [typed, setTyped] = useState(asked?.quantity ?? "1");
  const [note, setNote] = useState("");
  const isCorrection = reason === "correction";
  const book = (value: number): void => {
    if (reason === null) return;
    // How many there are now is of the product; what is lost is of the lot in somebody's hand.
    const lot = { ...(picked.lot && { lot: picked.lot }), ...(picked.expiry && { expiry: picked.expiry }) };
    const amount = isCorrection ? { set_to: text(value) } : { delta: text(-value), ...lot };
    const body = { product_id: picked.id, reason, location, ...amount, ...(note ? { note } : {}) };
    void run(async (key) => {
      const answer = await box.adjust(body, { key });
      const here = "on_hand" in answer ? answer.on_hand : answer.level;
      return { tone: "good", title: w.adjust.done(picked.name), ...(here ? { detail: w.adjust.nowHere(w.amount(here, picked.unit)) } : {}) };
    }).then((isDone) => isDone && onDone());
  };
  const quantity = useTyped(typed, { unit: picked.unit, isZeroFine: isCorrection, here: isCorrection ? null : picked.here }, book);
  return (
    <div className="columns">
      <Card title={picked.name}>
        {(picked.lot ?? picked.expiry) && <p className="hint">{[picked.lot && `${w.lookup.lot} ${picked.lot}`, picked.expiry && `${w.lookup.expiry} ${w.date(picked.expiry)}`].filter(Boolean).join(" · ")}</p>}
        <Choice label={w.adjust.reason} value={reason} options={REASONS.map((each) => ({ value: each, text: w.adjust.reasons[each] }))} onChange={(next) => { setReason(next); renew(); }} />
        <Choice label={w.common.location} value={location} options={PLACES.map((place) => ({ value: place, text: w.places[place] }))} onChange={(next) => { setLocation(next); renew(); }} />
        <Field label={`${w.common.note} (${w.common.optional})`} value={note} maxLength={500} onChange={(event) => { setNote(event.target.value); renew(); }} />
      </Card>
      <Card title={isCorrection ? w.adjust.setTo : w.adjust.lost}>
        <Pad label={w.common.quantity} value={typed} unit={picked.unit} onChange={(next) => { setTyped(next); renew(); }} onDone={quantity.act} />
        <p className="mistake" role="alert">{reason === null ? w.adjust.reasonFirst : quantity.says}</p>
        <Button kind="main" icon="good" isWide disabled={reason === null || quantity.value === null || isBusy} onClick={quantity.act}>{quantity.isAsked ? w.common.yes : w.adjust.act}</Button>
      </Card>
    </div>
  );
}
