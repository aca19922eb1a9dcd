/* Goods between stores: what is on its way to us or from us, and sending some. */
import { useState } from "react";
import { text } from "../amounts";
import { box } from "../api/box";
import type { SiteView, TransferView } from "../api/views";
import { Button, Card, Choice, Row } from "../parts/controls";
import { BasketRows } from "../parts/BasketRows";
import { Empty } from "../parts/Notice";
import { ProductSearch } from "../parts/ProductSearch";
import { Shown, useAnswer } from "../parts/answer";
import { go } from "../router";
import { useWords } from "../words";
import { TransferIn } from "./TransferIn";
import { useAct } from "./acting";
import { useBasket } from "./basket";

const SEND = "send";
const OPEN = ["dispatched", "received"];

interface All {
  transfers: TransferView[];
  sites: SiteView[];
  here: string;
}

export function Transfers({ of }: { of: string }) {
  const all = useAnswer(readAll, [], ["stock"]);
  return (
    <Shown answer={all}>
      {(found) => {
        if (of === SEND) return <Send sites={found.sites} />;
        const transfer = found.transfers.find((each) => each.transfer_id === of);
        return transfer ? <TransferIn transfer={transfer} title={nameOfSite(found, transfer)} isOurs={transfer.from_site === found.here} /> : <List all={found} />;
      }}
    </Shown>
  );
}

function List({ all }: { all: All }) {
  const w = useWords();
  const open = all.transfers.filter((transfer) => OPEN.includes(transfer.state));
  const groups: [string, TransferView[]][] = [
    [w.transfer.incoming, open.filter((transfer) => transfer.to_site === all.here)],
    [w.transfer.outgoing, open.filter((transfer) => transfer.from_site === all.here)],
  ];
  return (
    <>
      <p className="lead">{w.transfer.lead}</p>
      {groups.map(([title, transfers]) => transfers.length > 0 && (
        <Card key={title} title={title}>
          <ul className="rows">
            {transfers.map((transfer) => (
              <Row key={transfer.transfer_id} icon="transfer" title={nameOfSite(all, transfer)} detail={`${w.transfer.states[transfer.state] ?? transfer.state} · ${w.time(transfer.changed_at)}`} onOpen={() => go("transfer", transfer.transfer_id)} />
            ))}
          </ul>
        </Card>
      ))}
      {open.length === 0 && <p className="hint">{w.transfer.none}</p>}
      <Button icon="transfer" onClick={() => go("transfer", SEND)}>{w.transfer.send}</Button>
    </>
  );
}

function Send({ sites }: { sites: SiteView[] }) {
  const w = useWords();
  const { run, isBusy } = useAct();
  const { basket, set, add, clear } = useBasket("transfer/send");
  const [to, setTo] = useState(sites[0]?.site_id ?? "");
  if (sites.length === 0) return <Empty title={w.transfer.noSites} icon="transfer" />;
  const pieces = basket.lines.reduce((total, line) => total + line.good, 0);
  const send = (): void => {
    const lines = basket.lines.map((line) => ({ product_id: line.id, quantity: text(line.good) }));
    void run(async () => {
      await box.dispatch({ to_site: to, lines }, basket.key);
      return { tone: "good", title: w.transfer.sent, detail: sites.find((site) => site.site_id === to)?.name ?? "" };
    }).then((isDone) => { if (isDone) { clear(); go("transfer"); } });
  };
  return (
    <div className="columns">
      <div>
        <ProductSearch onPick={(level) => void add(level.sku)} />
        {basket.lines.length > 0 ? <BasketRows lines={basket.lines} onSet={set} isLeaving /> : <Empty title={w.transfer.scan} icon="transfer" />}
      </div>
      <Card title={w.transfer.send}>
        <Choice label={w.transfer.to} value={to} options={sites.map((site) => ({ value: site.site_id, text: site.name }))} onChange={setTo} />
        <Button kind="main" icon="transfer" isWide disabled={pieces === 0 || isBusy} onClick={send}>{w.transfer.dispatch(w.number(text(pieces)))}</Button>
      </Card>
    </div>
  );
}

/** The store at the other end. */
function nameOfSite({ sites, here }: All, transfer: TransferView): string {
  const other = transfer.from_site === here ? transfer.to_site : transfer.from_site;
  return sites.find((site) => site.site_id === other)?.name ?? other;
}

async function readAll(): Promise<All> {
  const [transfers, sites, sync] = await Promise.all([box.transfers(), box.sites(), box.sync()]);
  return { transfers: transfers.items, sites: sites.items, here: sync.site_id };
}
