/* Goods that came: against an order of head office's, or without one. What is scanned is booked as it is. */
import { type FormEvent, useState } from "react";
import { text } from "../amounts";
import { box } from "../api/box";
import type { OrderView, ReceiptMade } from "../api/views";
import { Button, Card, Choice, Field, Row, Switch } from "../parts/controls";
import { BasketRows } from "../parts/BasketRows";
import { Empty, Notice } from "../parts/Notice";
import { ProductSearch } from "../parts/ProductSearch";
import { Shown, useAnswer } from "../parts/answer";
import { go } from "../router";
import { useTaker } from "../scan/Beeps";
import { useWords } from "../words";
import { useAct } from "./acting";
import { Awaited } from "./Awaited";
import { useBasket } from "./basket";
import { Variances } from "./Variances";

const WITHOUT = "without";

export function Receive({ of }: { of: string }) {
  const orders = useAnswer(() => box.orders(), [], ["stock"]);
  if (of === WITHOUT) return <Delivery name={WITHOUT} order={null} />;
  return (
    <Shown answer={orders}>
      {({ items }) => {
        const order = items.find((each) => each.number === of);
        return order ? <Delivery name={order.number} order={order} /> : <Orders orders={items} unknown={of} />;
      }}
    </Shown>
  );
}

function Orders({ orders, unknown }: { orders: OrderView[]; unknown: string }) {
  const w = useWords();
  useTaker(() => Promise.resolve({ tone: "refused", title: w.receive.orderFirst, detail: w.receive.lead }));
  return (
    <>
      {unknown ? <Notice tone="refused" title={w.receive.unknown(unknown)}><p>{w.receive.unknownNext}</p></Notice> : <p className="lead">{w.receive.lead}</p>}
      <Card title={w.receive.orders}>
        <ul className="rows">
          {orders.map((order) => (
            <Row key={order.order_id} icon="receive" title={order.vendor || w.receive.order(order.number)} onOpen={() => go("receive", order.number)}
              detail={[w.receive.order(order.number), order.expected_on && w.receive.expectedOn(w.date(order.expected_on)), w.receive.lines(order.lines.length)].filter(Boolean).join(" · ")} />
          ))}
          {orders.length === 0 && <li className="hint none">{w.receive.noOrders}</li>}
        </ul>
      </Card>
      <ByNumber />
      <Button icon="plus" onClick={() => go("receive", WITHOUT)}>{w.receive.without}</Button>
    </>
  );
}

/** The number that stands on the papers. */
function ByNumber() {
  const w = useWords();
  const [number, setNumber] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    go("receive", number.trim());
  };
  return (
    <form className="by-number" onSubmit={submit}>
      <Field label={w.receive.number} value={number} maxLength={200} required onChange={(event) => setNumber(event.target.value)} />
      <Button type="submit" icon="lookup">{w.receive.find}</Button>
    </form>
  );
}

function Delivery({ name, order }: { name: string; order: OrderView | null }) {
  const w = useWords();
  const { run, isBusy } = useAct();
  const [location, setLocation] = useState<"shelf" | "backroom">("shelf");
  const [isAll, setAll] = useState(false);
  const [came, setCame] = useState<ReceiptMade | null>(null);
  const isOrdered = (id: string): boolean => order === null || order.lines.some((line) => line.product_id === id);
  const { basket, set, add, explain, paper, clear } = useBasket(`receive/${name}`, true, (id) => (isOrdered(id) ? null : w.warning("not_ordered")));
  const isBlind = order !== null && order.lines.some((line) => line.quantity === null);
  const expected = (id: string): string | null => {
    const line = order?.lines.find((each) => each.product_id === id);
    if (!order || isBlind) return null;
    return line?.quantity ? w.receive.of(w.number(line.quantity)) : w.warning("not_ordered");
  };
  const pieces = basket.lines.reduce((total, line) => total + line.good + line.damaged, 0);
  const take = (): void => {
    const lines = basket.lines.map((line) => ({
      product_id: line.id, quantity: text(line.good), location, ...(line.damaged ? { damaged: text(line.damaged) } : {}), ...(line.lot ? { lot: line.lot } : {}), ...(line.expiry ? { expiry: line.expiry } : {}), ...(line.reason ? { reason: line.reason } : {}),
    }));
    void run(async () => {
      const came = await box.receive({ lines, ...(order ? { order: order.number, is_all: isAll } : {}), ...(basket.paper ? { document: basket.paper } : {}) }, basket.key);
      setCame(came);
      const odd = came.warnings.map(w.warning).join(" · ");
      return { tone: odd ? "doubtful" : "good", title: w.receive.done(w.number(text(pieces))), detail: odd };
    }).then((isDone) => isDone && clear());
  };
  if (came) return <Variances receipt={came} onDone={() => go("receive")} />;
  return (
    <div className="columns">
      <div>
        <ProductSearch onPick={(level) => void add(level.sku)} />
        {isBlind && <Notice tone="calm" title={w.receive.blind} />}
        {basket.lines.length > 0 ? <BasketRows lines={basket.lines} onSet={set} onExplain={explain} hasDamaged expected={expected} />
          : <Empty title={w.receive.scan} icon="receive"><p>{w.receive.scanNext}</p></Empty>}
        {order && <Awaited order={order} basket={basket.lines} />}
      </div>
      <Card title={order ? `${order.vendor || ""} ${order.number}` : w.receive.without}>
        <Field label={`${w.receive.paper} (${w.common.optional})`} value={basket.paper} maxLength={200} onChange={(event) => paper(event.target.value)} />
        <Choice label={w.receive.goesTo} value={location} options={[{ value: "shelf", text: w.places.shelf }, { value: "backroom", text: w.places.backroom }]} onChange={setLocation} />
        {order && <Switch label={w.receive.isAll} hint={w.receive.isAllWhy} isOn={isAll} onChange={(is) => { setAll(is); paper(basket.paper); }} />}
        <Button kind="main" icon="receive" isWide disabled={(pieces === 0 && !isAll) || isBusy} onClick={take}>{w.receive.act(w.number(text(pieces)))}</Button>
        {basket.lines.length > 0 && <Button kind="quiet" onClick={clear}>{w.receive.discard}</Button>}
      </Card>
    </div>
  );
}
