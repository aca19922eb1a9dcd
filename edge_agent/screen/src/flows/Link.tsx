/* A code that nobody here knows: it is a pack of a known product, or of a new one. Head office is told either way. */
import { type FormEvent, useState } from "react";
import { box } from "../api/box";
import { Button, Card, Choice, Field } from "../parts/controls";
import { HowMany } from "../parts/HowMany";
import { ProductSearch } from "../parts/ProductSearch";
import { text } from "../amounts";
import { go } from "../router";
import { useWords } from "../words";
import { useAct } from "./acting";

const UNITS = ["each", "kg", "l"] as const;

export function Link({ of }: { of: string }) {
  const w = useWords();
  return (
    <>
      <p className="lead">{w.link.title(of)}</p>
      <div className="columns even">
        <ToProduct code={of} />
        <NewProduct code={of} />
      </div>
    </>
  );
}

function ToProduct({ code }: { code: string }) {
  const w = useWords();
  const { run } = useAct();
  const [picked, setPicked] = useState<{ id: string; name: string } | null>(null);
  const link = (pack: number): void => {
    if (!picked) return;
    void run(async () => {
      await box.link(code, picked.id, text(pack));
      return { tone: "good", title: w.link.done(picked.name), detail: code };
    }).then((isDone) => isDone && go("lookup", picked.id));
  };
  return (
    <Card title={w.link.toProduct}>
      <ProductSearch takesCodes={false} onPick={(level) => setPicked({ id: level.product_id, name: level.name })} />
      {picked && <HowMany title={`${picked.name}: ${w.link.pack}`} unit="each" act={w.link.act} onDone={link} onClose={() => setPicked(null)} />}
    </Card>
  );
}

function NewProduct({ code }: { code: string }) {
  const w = useWords();
  const { run, renew, isBusy } = useAct();
  const [unit, setUnit] = useState<(typeof UNITS)[number]>("each");
  const make = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const of = (name: string): string => String(given.get(name) ?? "").trim();
    const price = of("price").replace(",", ".");
    const body = { name: of("name"), sku: of("sku"), unit, barcodes: [{ code }], ...(price ? { price } : {}) };
    void run(async (key) => {
      const made = await box.create(body, key);
      go("lookup", made.id);
      return { tone: "good", title: w.link.made(made.name) };
    });
  };
  return (
    <Card title={w.link.make}>
      <p className="hint">{w.link.makeWhy}</p>
      <form onSubmit={make} onChange={renew}>
        <Field label={w.link.newName} name="name" maxLength={200} required />
        <Field label={w.link.newSku} name="sku" maxLength={200} defaultValue={code.slice(0, 40)} required />
        <Field label={`${w.common.price} (${w.common.optional})`} name="price" inputMode="decimal" pattern="[0-9]{1,7}([.,][0-9]{1,3})?" />
        <Choice label={w.link.unit} value={unit} options={UNITS.map((value) => ({ value, text: w.units[value] ?? value }))} onChange={setUnit} />
        <Button kind="main" type="submit" isWide disabled={isBusy}>{w.link.make}</Button>
      </form>
    </Card>
  );
}
