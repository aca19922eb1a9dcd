/* What of an order is still to come: read before anybody scans, shorter with each scan. */
import { text, thousandths } from "../amounts";
import type { OrderView } from "../api/views";
import { Card } from "../parts/controls";
import { useNames } from "../parts/names";
import { useWords } from "../words";
import type { BasketLine } from "./basket";

const SHOWN_MAX = 50;

export function Awaited({ order, basket }: { order: OrderView; basket: BasketLine[] }) {
  const w = useWords();
  const here = (id: string): number => basket.filter((line) => line.id === id).reduce((sum, line) => sum + line.good + line.damaged, 0);
  // Who counts blind is told which products, never how many: then each stays until it is scanned.
  const open = order.lines
    .map(({ product_id: id, quantity, received }) => ({ id, left: quantity === null ? null : thousandths(quantity) - thousandths(received ?? "0") - here(id) }))
    .filter(({ id, left }) => (left === null ? here(id) === 0 : left > 0));
  const names = useNames(open.slice(0, SHOWN_MAX).map(({ id }) => id));
  if (open.length === 0) return null;
  return (
    <Card title={w.receive.awaited}>
      <ul className="rows">
        {open.slice(0, SHOWN_MAX).map(({ id, left }) => {
          const { name = "…", unit = "each" } = names.get(id) ?? {};
          return (
            <li key={id} className="row"><div>
              <span className="row-words"><span className="row-title">{name}</span></span>
              {left !== null && <span className="row-end figure">{w.amount(text(left), unit)}</span>}
            </div></li>
          );
        })}
        {open.length > SHOWN_MAX && <li className="hint none">{w.receive.more(open.length - SHOWN_MAX)}</li>}
      </ul>
    </Card>
  );
}
