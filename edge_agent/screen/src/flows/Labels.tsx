/* Labels for what is scanned: which kind, how many, on which printer; what it will look like; and what became of it. */
import { useEffect, useState } from "react";
import { box } from "../api/box";
import type { PrinterView } from "../api/views";
import { Button, Card, Choice, Field } from "../parts/controls";
import { judge } from "../parts/typed";
import { Empty } from "../parts/Notice";
import { Pad } from "../parts/Pad";
import { Picture } from "../parts/Picture";
import { ProductSearch } from "../parts/ProductSearch";
import { Shown, useAnswer } from "../parts/answer";
import { useWords } from "../words";
import { PrintJobs } from "./PrintJobs";
import { useAct } from "./acting";
import { type Picked, usePicked } from "./picked";

const TEMPLATES = ["shelf", "price", "lot"] as const;
type Template = (typeof TEMPLATES)[number];

const COPIES_MAX = 500;

export function Labels({ of }: { of: string }) {
  const w = useWords();
  const printers = useAnswer(() => box.printers(), []);
  const jobs = useAnswer(() => box.jobs(), []);
  const { picked, pick, drop } = usePicked(of);
  const done = (): void => {
    drop();
    jobs.again();
  };
  return (
    <Shown answer={printers}>
      {({ items }) => items.length === 0 ? <Empty title={w.labels.noPrinters} icon="labels"><p>{w.labels.noPrintersNext}</p></Empty> : (
        <>
          <ProductSearch onPick={pick} />
          {picked ? <Printing key={`${picked.id} ${picked.lot ?? ""}`} picked={picked} printers={items} onDone={done} /> : <p className="lead">{w.labels.lead}</p>}
          <PrintJobs answer={jobs} />
        </>
      )}
    </Shown>
  );
}

function Printing({ picked, printers, onDone }: { picked: Picked; printers: PrinterView[]; onDone: () => void }) {
  const w = useWords();
  const { run, renew, isBusy } = useAct();
  const [template, setTemplate] = useState<Template>(picked.lot ? "lot" : "shelf");
  const able = printers.filter((printer) => printer.templates.includes(template));
  const [chosen, setChosen] = useState("");
  const printer = able.find((each) => each.name === chosen) ?? able[0];
  const [lot, setLot] = useState(picked.lot ?? "");
  const [expiry, setExpiry] = useState(picked.expiry ?? "");
  const [typed, setTyped] = useState("1");
  const { value } = judge(w, typed, "each");
  const copies = value !== null && value <= COPIES_MAX * 1_000 ? value / 1_000 : 0;
  const goods = { product_id: picked.id, ...(template === "lot" ? { lot, ...(expiry ? { expiry } : {}) } : {}) };
  const isWhole = template !== "lot" || lot.trim() !== "";
  useEffect(renew, [template, printer?.name, lot, expiry, typed]);
  const print = (): void => {
    if (!printer || copies < 1 || !isWhole) return;
    const body = { template, printer: printer.name, items: [{ ...goods, copies }] };
    void run(async (key) => {
      const asked = await box.print(body, key);
      return { tone: "good", title: w.labels.asked(asked.labels, asked.printer), detail: picked.name };
    }).then((isDone) => isDone && onDone());
  };
  return (
    <div className="columns">
      <Card title={picked.name}>
        <Choice label={w.labels.template} value={template} options={TEMPLATES.map((value) => ({ value, text: w.labels.templates[value] }))} onChange={setTemplate} />
        {template === "lot" && (
          <div className="sides">
            <Field label={w.lookup.lot} value={lot} maxLength={20} required onChange={(event) => setLot(event.target.value)} />
            <Field label={w.lookup.expiry} value={expiry} type="date" onChange={(event) => setExpiry(event.target.value)} />
          </div>
        )}
        {able.length > 1 && <Choice label={w.labels.printer} value={printer?.name ?? ""} options={able.map(({ name }) => ({ value: name, text: name }))} onChange={setChosen} />}
        {isWhole && printer && <Picture path={`/labels/preview?${new URLSearchParams({ template, printer: printer.name, ...goods })}`} name={picked.name} className="label-preview" />}
        {!isWhole && <p className="hint">{w.labels.needsLot}</p>}
      </Card>
      <Card title={w.labels.copies}>
        <Pad label={w.labels.copies} value={typed} unit="each" onChange={setTyped} onDone={print} />
        <p className="mistake" role="alert">{copies < 1 && w.labels.copiesUpTo(COPIES_MAX)}</p>
        <Button kind="main" icon="labels" isWide disabled={!printer || copies < 1 || !isWhole || isBusy} onClick={print}>{w.labels.act}</Button>
      </Card>
    </div>
  );
}
