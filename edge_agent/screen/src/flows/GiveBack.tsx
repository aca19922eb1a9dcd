/* A customer brings something back: onto the shelf again, or put aside. */
import { useState } from "react";
import { text } from "../amounts";
import { box } from "../api/box";
import type { Place } from "../api/views";
import { Button, Card, Choice } from "../parts/controls";
import { Empty } from "../parts/Notice";
import { Pad } from "../parts/Pad";
import { ProductSearch } from "../parts/ProductSearch";
import { useTyped } from "../parts/typed";
import { useWords } from "../words";
import { useAct } from "./acting";
import { type Picked, usePicked } from "./picked";

const PLACES: readonly Place[] = ["shelf", "hold"];

export function GiveBack({ of }: { of: string }) {
  const w = useWords();
  const { picked, pick, drop } = usePicked(of);
  return (
    <>
      <ProductSearch onPick={pick} />
      {picked ? <Taking key={picked.id} picked={picked} onDone={drop} /> : <Empty title={w.giveBack.lead} icon="giveBack" />}
    </>
  );
}

function Taking({ picked, onDone }: { picked: Picked; onDone: () => void }) {
  const w = useWords();
  const { run, renew, isBusy } = useAct();
  const [typed, setTyped] = useState("1");
  const [place, setPlace] = useState<Place>("shelf");
  const take = (value: number): void => {
    const movement = {
      product_id: picked.id, quantity: text(value), reason: "return", to: place,
      ...(picked.lot ? { lot: picked.lot } : {}), ...(picked.expiry ? { expiry: picked.expiry } : {}),
    };
    void run(async (key) => {
      await box.move([movement], { key });
      return { tone: "good", title: w.giveBack.taken(picked.name), detail: `${w.amount(text(value), picked.unit)} · ${w.places[place]}` };
    }).then((isDone) => isDone && onDone());
  };
  const quantity = useTyped(typed, { unit: picked.unit }, take);
  return (
    <div className="columns">
      <Card title={picked.name}>
        <Choice label={w.giveBack.where} value={place} options={PLACES.map((each) => ({ value: each, text: w.places[each] }))} onChange={(next) => { setPlace(next); renew(); }} />
      </Card>
      <Card title={w.common.quantity}>
        <Pad label={w.common.quantity} value={typed} unit={picked.unit} onChange={(next) => { setTyped(next); renew(); }} onDone={quantity.act} />
        <p className="mistake" role="alert">{quantity.says}</p>
        <Button kind="main" icon="good" isWide disabled={quantity.value === null || isBusy} onClick={quantity.act}>{quantity.isAsked ? w.common.yes : w.giveBack.act}</Button>
      </Card>
    </div>
  );
}
