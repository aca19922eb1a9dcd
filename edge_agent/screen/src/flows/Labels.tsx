/* Labels for what is scanned: which kind, how many, on which printer; and what it will look like. */
import { useState } from "react";
import { box } from "../api/box";
import type { PrinterView } from "../api/views";
import { Button, Card, Choice } from "../parts/controls";
import { judge } from "../parts/HowMany";
import { Empty } from "../parts/Notice";
import { Pad } from "../parts/Pad";
import { Picture } from "../parts/Picture";
import { ProductSearch } from "../parts/ProductSearch";
import { Shown, useAnswer } from "../parts/answer";
import { useWords } from "../words";
import { useAct } from "./acting";
import { type Picked, usePicked } from "./picked";

const TEMPLATES = ["shelf", "price", "lot"] as const;
type Template = (typeof TEMPLATES)[number];

export function Labels({ of }: { of: string }) {
  const w = useWords();
  const printers = useAnswer(() => box.printers(), []);
  const { picked, pick, drop } = usePicked(of);
  return (
    <Shown answer={printers}>
      {({ items }) => items.length === 0 ? <Empty title={w.labels.noPrinters} icon="labels" /> : (
        <>
          <ProductSearch onPick={pick} />
          {picked ? <Printing key={picked.id} picked={picked} printers={items} onDone={drop} /> : <Empty title={w.labels.lead} icon="labels" />}
        </>
      )}
    </Shown>
  );
}

function Printing({ picked, printers, onDone }: { picked: Picked; printers: PrinterView[]; onDone: () => void }) {
  const w = useWords();
  const { run, renew, isBusy } = useAct();
  const [template, setTemplate] = useState<Template>("shelf");
  const able = printers.filter((printer) => printer.templates.includes(template));
  const [chosen, setChosen] = useState("");
  const printer = able.find((each) => each.name === chosen) ?? able[0];
  const [typed, setTyped] = useState("1");
  const { value } = judge(typed, false, w.common);
  const copies = value === null ? 0 : Math.floor(value / 1_000);
  const dated = { ...(picked.lot ? { lot: picked.lot } : {}), ...(picked.expiry ? { expiry: picked.expiry } : {}) };
  const print = (): void => {
    if (!printer || copies < 1) return;
    const body = { template, printer: printer.name, items: [{ product_id: picked.id, copies, ...dated }] };
    void run(async (key) => {
      const asked = await box.print(body, key);
      return { tone: "good", title: w.labels.done, detail: `${w.number(String(asked.labels))} · ${asked.printer}` };
    }).then((isDone) => isDone && onDone());
  };
  return (
    <div className="columns">
      <Card title={picked.name}>
        <Choice label={w.labels.template} value={template} options={TEMPLATES.map((value) => ({ value, text: w.labels.templates[value] }))} onChange={(next) => { setTemplate(next); renew(); }} />
        {able.length > 1 && <Choice label={w.labels.printer} value={printer?.name ?? ""} options={able.map(({ name }) => ({ value: name, text: name }))} onChange={(next) => { setChosen(next); renew(); }} />}
        <Picture path={`/labels/preview?${new URLSearchParams({ template, product_id: picked.id, ...dated })}`} name={picked.name} className="label-preview" />
      </Card>
      <Card title={w.labels.copies}>
        <Pad label={w.labels.copies} value={typed} unit="each" onChange={(next) => { setTyped(next); renew(); }} onDone={print} />
        <Button kind="main" icon="labels" isWide disabled={!printer || copies < 1 || copies > 500 || isBusy} onClick={print}>{w.labels.act}</Button>
      </Card>
    </div>
  );
}
