/* One transfer: what was sent, what is here; taken in whole or by scanning, closed when the rest does not come. */
import { useState } from "react";
import { text, thousandths } from "../amounts";
import { box } from "../api/box";
import type { TransferSheet, TransferView } from "../api/views";
import { BasketRows } from "../parts/BasketRows";
import { Button, Card, Choice, Field } from "../parts/controls";
import { Shown, useAnswer } from "../parts/answer";
import { useNames } from "../parts/names";
import { go } from "../router";
import { useWords } from "../words";
import { useAct } from "./acting";
import { useBasket } from "./basket";

const FAULTS = ["source", "carrier", "destination", "unknown"] as const;
type Fault = (typeof FAULTS)[number];

export function TransferIn({ transfer, title, isOurs }: { transfer: TransferView; title: string; isOurs: boolean }) {
  const w = useWords();
  const { run, isBusy } = useAct();
  const sheet = useAnswer(() => box.transfer(transfer.transfer_id), [transfer.transfer_id], ["stock"]);
  const { basket, set, clear } = useBasket(`transfer/${transfer.transfer_id}`, !isOurs);
  const [fault, setFault] = useState<Fault>("unknown");
  const [reason, setReason] = useState("");
  const step = (name: string, body: object, key: string): void =>
    void run(async () => {
      await box.step(transfer.transfer_id, name, body, key);
      return { tone: "good", title: w.transfer.steps[name] ?? w.transfer.received, detail: title };
    }).then((isDone) => { if (isDone) { clear(); sheet.again(); go("transfer"); } });
  const pieces = basket.lines.reduce((total, line) => total + line.good, 0);
  const lines = basket.lines.map((line) => ({ product_id: line.id, quantity: text(line.good) }));
  return (
    <Shown answer={sheet}>
      {(found) => (
        <div className="columns">
          <div>
            <Card title={title}><Lines sheet={found} /></Card>
            {basket.lines.length > 0 && <BasketRows lines={basket.lines} onSet={set} />}
          </div>
          {isOurs ? (
            <Card><Button disabled={isBusy} onClick={() => step("take-back", {}, `take-back-${transfer.transfer_id}`)}>{w.transfer.takeBack}</Button></Card>
          ) : (
            <Card title={w.transfer.scanIn}>
              {pieces > 0 ? <Button kind="main" isWide disabled={isBusy} onClick={() => step("receive", { lines }, basket.key)}>{w.transfer.act(w.number(text(pieces)))}</Button>
                : <Button kind="main" icon="good" isWide disabled={isBusy} onClick={() => step("receive", {}, `all-${transfer.transfer_id}`)}>{w.transfer.all}</Button>}
              <details>
                <summary>{w.transfer.missing}</summary>
                <Choice label={w.transfer.fault} value={fault} options={FAULTS.map((value) => ({ value, text: w.transfer.faults[value] }))} onChange={setFault} />
                <Field label={`${w.transfer.reason} (${w.common.optional})`} value={reason} maxLength={200} onChange={(event) => setReason(event.target.value)} />
                <Button isWide disabled={isBusy} onClick={() => step("close-short", { fault, reason }, `short-${transfer.transfer_id}-${fault}-${reason}`.slice(0, 120))}>{w.transfer.closeShort}</Button>
              </details>
              {transfer.state === "dispatched" && (
                <details>
                  <summary>{w.transfer.refuse}</summary>
                  <Field label={w.transfer.reason} value={reason} maxLength={200} onChange={(event) => setReason(event.target.value)} />
                  <Button kind="danger" isWide disabled={isBusy || !reason.trim()} onClick={() => step("refuse", { reason }, `refuse-${transfer.transfer_id}`)}>{w.transfer.refuseAct}</Button>
                </details>
              )}
            </Card>
          )}
        </div>
      )}
    </Shown>
  );
}

function Lines({ sheet }: { sheet: TransferSheet }) {
  const w = useWords();
  const names = useNames(sheet.lines.map((line) => line.product_id));
  return (
    <ul className="rows">
      {sheet.lines.map((line) => {
        const { name = "…", unit = "each" } = names.get(line.product_id) ?? {};
        const isHere = line.received !== null && thousandths(line.received) >= thousandths(line.dispatched ?? "0");
        return (
          <li key={line.product_id} className="row"><div>
            <span className="row-words"><span className="row-title">{name}</span><span className="row-detail">{w.transfer.of(w.amount(line.dispatched, unit))}</span></span>
            <span className={`row-end state ${isHere ? "good" : ""}`}>{w.amount(line.received, unit)}</span>
          </div></li>
        );
      })}
    </ul>
  );
}
