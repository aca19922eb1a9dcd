/* The store's day: what was sold, brought back, taken in, lost and counted, and by whom. */
import { box } from "../api/box";
import type { DayView, Figures } from "../api/views";
import { Card } from "../parts/controls";
import { Empty } from "../parts/Notice";
import { Shown, useAnswer } from "../parts/answer";
import { type Speech, useWords } from "../words";

export function Day() {
  const w = useWords();
  const day = useAnswer(() => box.day(), [], ["stock"]);
  return (
    <>
      <p className="lead">{w.day.lead}</p>
      <Shown answer={day}>
        {(found) => (
          <>
            <ul className="tiles figures">{tilesOf(w, found).map(([title, amount, more]) => <Tile key={title} title={title} amount={amount} more={more} />)}</ul>
            {found.taken_back > 0 && <p className="hint">{w.day.takenBack(found.taken_back)}</p>}
            <div className="columns even">
              <Card title={w.day.products}>
                <ul className="rows">
                  {found.best_selling.map((each) => (
                    <li key={each.product_id} className="row"><div>
                      <span className="row-words"><span className="row-title">{each.name ?? each.product_id}</span></span>
                      <span className="row-end figure">{w.amount(each.quantity)}</span>
                    </div></li>
                  ))}
                  {found.best_selling.length === 0 && <li><Empty title={w.day.none} icon="day" /></li>}
                </ul>
              </Card>
              <Card title={w.day.byUser}>
                <p className="hint">{w.day.byUserWhy}</p>
                <dl className="facts">
                  {Object.entries(found.people).map(([name, acts]) => (
                    <div key={name}><dt>{name || w.day.nobody}</dt><dd>{w.day.entries(w.number(String(Object.values(acts).reduce((total, each) => total + each, 0))))}</dd></div>
                  ))}
                </dl>
              </Card>
            </div>
          </>
        )}
      </Shown>
    </>
  );
}

function Tile({ title, amount, more }: { title: string; amount: string; more: string }) {
  return <li><p className="hint">{title}</p><p className="tile-figure">{amount}</p><p className="hint">{more}</p></li>;
}

function tilesOf(w: Speech, day: DayView): [string, string, string][] {
  const lost = Object.values(day.waste).reduce((total, figures) => total + figures.movements, 0);
  const sent = Object.values(day.transfers).reduce((total, figures) => total + figures.movements, 0);
  const counted = Object.values(day.counts).reduce((total, figures) => total + figures.lines, 0);
  return [
    [w.day.sales, w.amount(day.sales.quantity), moneyOf(w, day.sales)],
    [w.day.returns, w.amount(day.returns.quantity), moneyOf(w, day.returns)],
    [w.day.receipts, w.amount(day.receipts.quantity), ""],
    [w.day.waste, w.number(String(lost)), ""],
    [w.day.counts, w.number(String(counted)), ""],
    [w.day.transfers, w.number(String(sent)), ""],
  ];
}

function moneyOf(w: Speech, figures: Figures): string {
  return Object.entries(figures.value).map(([currency, amount]) => (amount === null ? "–" : w.money(amount, currency))).join(" · ");
}
