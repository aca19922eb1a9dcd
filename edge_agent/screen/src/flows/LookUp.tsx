/* What a product is, how many are here and where, and what happened to it. */
import { box } from "../api/box";
import type { LevelLine, MovementView, Place, ProductCard } from "../api/views";
import { Button, Card } from "../parts/controls";
import { Notice } from "../parts/Notice";
import { ProductSearch } from "../parts/ProductSearch";
import { Shown, useAnswer } from "../parts/answer";
import { go } from "../router";
import { shown } from "../scan/naming";
import { useMay } from "../session";
import { useWords } from "../words";
import { Lots } from "./Lots";

const PLACES: readonly Place[] = ["shelf", "backroom", "hold"];
const HISTORY_SHOWN = 8;

export function LookUp({ of }: { of: string }) {
  const w = useWords();
  return (
    <>
      <ProductSearch hasFocus={!of} onPick={(level) => go("lookup", level.product_id)} />
      {of ? <Found id={of} /> : <p className="lead">{w.lookup.lead}</p>}
    </>
  );
}

function Found({ id }: { id: string }) {
  const card = useAnswer(() => box.product(id), [id]);
  const level = useAnswer(() => box.level(id), [id], ["stock"]);
  return (
    <Shown answer={card}>
      {(product) => (
        <div className="columns">
          <div>
            <Head product={product} />
            <Shown answer={level}>{(levels) => (levels.items[0] ? <Here level={levels.items[0]} /> : null)}</Shown>
            <Lots id={id} unit={product.unit} />
            <Elsewhere id={id} unit={product.unit} />
          </div>
          <div>
            <Codes product={product} />
            <History id={id} unit={product.unit} />
          </div>
        </div>
      )}
    </Shown>
  );
}

function Head({ product }: { product: ProductCard }) {
  const w = useWords();
  return (
    <Card className="product-head">
      <h2>{product.name}</h2>
      <p className="hint">{[product.sku, product.category].filter(Boolean).join(" · ")}</p>
      {product.price !== null && <p className="price">{w.money(product.price, product.currency)}</p>}
      {product.lifecycle === "provisional" && <Notice tone="calm" title={w.lookup.provisional} />}
      {product.lifecycle === "archived" && <Notice tone="doubtful" title={w.lookup.archived} />}
    </Card>
  );
}

function Here({ level }: { level: LevelLine }) {
  const w = useWords();
  const rest: [string, string | null][] = [[w.lookup.reserved, level.reserved], [w.lookup.onOrder, level.on_order]];
  return (
    <Card title={w.lookup.here}>
      <p className={`big-figure ${level.available !== null && Number(level.available) <= 0 ? "refused" : ""}`}>
        <strong>{w.amount(level.available, level.unit)}</strong> <span>{level.available === null ? w.lookup.hidden : w.lookup.available}</span>
      </p>
      <dl className="facts">
        {PLACES.map((place) => level.locations?.[place] !== undefined && (
          <div key={place}><dt>{w.places[place]}</dt><dd>{w.amount(level.locations[place], level.unit)}</dd></div>
        ))}
        {rest.map(([name, amount]) => amount !== null && Number(amount) !== 0 && (
          <div key={name}><dt>{name}</dt><dd>{w.amount(amount, level.unit)}</dd></div>
        ))}
      </dl>
    </Card>
  );
}

/** What other stores have; here is never kept waiting for it. */
function Elsewhere({ id, unit }: { id: string; unit: string }) {
  const w = useWords();
  const { value: told, error } = useAnswer(() => box.elsewhere(id), [id]);
  if (told === null) return <Card title={w.lookup.elsewhere}><p className="hint" role="status">{error ? w.lookup.elsewhereAway : w.lookup.elsewhereAsking}</p></Card>;
  return (
    <Card title={w.lookup.elsewhere}>
      {!told.is_current && <p className="hint">{told.told_at === null ? w.lookup.elsewhereAway : w.lookup.elsewhereOld(w.time(told.told_at))}</p>}
      {told.told_at !== null && told.items.length === 0 && <p className="hint">{w.lookup.elsewhereNone}</p>}
      <ul className="rows">
        {told.items.map((level) => (
          <li key={level.site_id} className="row"><div>
            <span className="row-words">
              <span className="row-title">{level.site_name}</span>
              <span className="row-detail">{w.lookup.elsewhereAsOf(w.time(level.as_of.is_live ? told.told_at : level.as_of.last_heard))}</span>
            </span>
            <span className="row-end figure">{w.amount(level.available, unit)}</span>
          </div></li>
        ))}
      </ul>
    </Card>
  );
}

function Codes({ product }: { product: ProductCard }) {
  const w = useWords();
  const may = useMay();
  return (
    <Card title={w.lookup.codes}>
      <ul className="codes">
        {product.barcodes.map(({ code, pack_quantity }) => (
          <li key={code}><code>{shown(code)}</code>{pack_quantity !== "1" && <span className="hint">{w.lookup.pack(w.amount(pack_quantity, product.unit))}</span>}</li>
        ))}
        {product.barcodes.length === 0 && <li className="hint">{w.common.none}</li>}
      </ul>
      {may("stock.write") && (
        <div className="acts">
          <Button icon="labels" onClick={() => go("labels", product.id)}>{w.flows.labels}</Button>
          <Button icon="adjust" onClick={() => go("adjust", product.id)}>{w.flows.adjust}</Button>
        </div>
      )}
    </Card>
  );
}

function History({ id, unit }: { id: string; unit: string }) {
  const w = useWords();
  const history = useAnswer(() => lastMovements(id), [id], ["stock"]);
  return (
    <Card title={w.lookup.history}>
      <Shown answer={history}>
        {(movements) => (
          <ul className="rows">
            {movements.map((movement) => (
              <li key={movement.position} className="row"><div>
                <span className="row-words">
                  <span className="row-title">{w.history[movement.reason] ?? movement.reason}</span>
                  <span className="row-detail">{[w.time(movement.occurred_at), movement.actor, movement.lot].filter(Boolean).join(" · ")}</span>
                </span>
                <span className="row-end figure">{signOf(movement)}{w.amount(movement.quantity, unit)}</span>
              </div></li>
            ))}
            {movements.length === 0 && <li className="hint">{w.common.none}</li>}
          </ul>
        )}
      </Shown>
    </Card>
  );
}

/** The box tells oldest first: the last page has the newest. */
async function lastMovements(id: string): Promise<MovementView[]> {
  let page = await box.history(id);
  let last = page.items;
  while (page.next_after !== null) {
    page = await box.history(id, page.next_after);
    last = [...last, ...page.items].slice(-HISTORY_SHOWN);
  }
  return last.slice(-HISTORY_SHOWN).reverse();
}

function signOf(movement: MovementView): string {
  const isIn = PLACES.includes(movement.to as Place);
  const isOut = PLACES.includes(movement.from as Place);
  return isIn && isOut ? "" : isIn ? "+" : "−";
}
