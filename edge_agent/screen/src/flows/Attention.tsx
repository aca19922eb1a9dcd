/* What needs somebody: alerts about stock, and tasks with their likely cause. */
import { useState } from "react";
import { thousandths } from "../amounts";
import { box } from "../api/box";
import type { AlertView, LotView, TaskView } from "../api/views";
import { Button, Card } from "../parts/controls";
import { Empty, Failed } from "../parts/Notice";
import { Shown, useAnswer } from "../parts/answer";
import { type NamedProduct, useNames } from "../parts/names";
import { go } from "../router";
import { useWords } from "../words";
import { useBegin } from "./beginning";
import { BookAsWaste, EndingLots } from "./Ending";

/** Where the cause of a task, or what it asks for, is dealt with. */
const PLACE_OF: Record<string, "receive" | "transfer" | "lookup" | "adjust"> = {
  delivery_not_booked: "receive", transfer_not_booked: "transfer", wrong_barcode: "lookup", wrong_pack: "lookup", lies_elsewhere: "lookup",
  receipt_variance: "receive", transfer_short: "transfer",
};
/** Rules that a count of the product answers. */
const COUNTED = ["negative_stock", "recount", "count_request", "cycle_count", "ambiguous_sale"];

const EXPIRY = "expiry";
/** Goods that are put aside trouble nobody. */
const FOR_SALE = ["shelf", "backroom"];

export function Attention() {
  const w = useWords();
  const found = useAnswer(readAll, [], ["stock"]);
  const names = useNames([...(found.value?.alerts ?? []), ...(found.value?.tasks ?? [])].flatMap((each) => each.product_id ?? []));
  const [error, setError] = useState<unknown>(null);
  const act = (work: Promise<unknown>): void => void work.then(() => { setError(null); found.again(); }, setError);
  return (
    <>
      {error !== null && <Failed error={error} />}
      <Shown answer={found}>
        {({ alerts, tasks, ending }) => (
          <>
            {alerts.length + tasks.length === 0 && <Empty title={w.attention.calm} icon="good" />}
            {tasks.length > 0 && (
              <Card title={w.attention.tasks}>
                <ul className="rows">{tasks.map((task) => <TaskRow key={task.id} task={task} name={names.get(task.product_id ?? "")?.name} onDone={() => act(box.finish(task.id))} />)}</ul>
              </Card>
            )}
            {alerts.length > 0 && (
              <Card title={w.attention.alerts}>
                <ul className="rows">{alerts.map((alert) => <AlertRow key={alert.id} alert={alert} product={names.get(alert.product_id ?? "")} lots={alert.type === EXPIRY ? ending.filter((lot) => lot.product_id === alert.product_id) : []} onAct={act} />)}</ul>
              </Card>
            )}
          </>
        )}
      </Shown>
    </>
  );
}

interface AlertRowProps {
  alert: AlertView;
  product: NamedProduct | undefined;
  /** Those that the alert is about. */
  lots: LotView[];
  onAct: (work: Promise<unknown>) => void;
}

function AlertRow({ alert, product, lots, onAct }: AlertRowProps) {
  const w = useWords();
  const isOut = alert.type === "low_stock" && alert.available !== null && thousandths(alert.available) <= 0;
  const kind = lots.some((lot) => lot.is_expired) ? "expired" : alert.type;
  const type = isOut ? w.attention.soldOut : w.attention.types[kind] ?? kind.replaceAll("_", " ");
  // Of lots each tells how many they are.
  const left = alert.available === null || alert.type === EXPIRY ? "" : w.attention.left(w.amount(alert.available, product?.unit));
  const isUrgent = alert.severity === "critical";
  return (
    <li className="row attention">
      <div>
        <span className="row-words">
          <span className="row-title">{product?.name ?? type}</span>
          <span className="row-detail">
            {isUrgent && <strong className="state refused">{w.attention.critical} · </strong>}
            {[product ? type : "", left, w.time(alert.opened_at)].filter(Boolean).join(" · ")}
          </span>
          {lots.length > 0 && <EndingLots lots={lots} unit={product?.unit ?? "each"} />}
        </span>
        <span className="row-acts">
          <BookAsWaste lots={lots} />
          {alert.product_id && <Button onClick={() => go("lookup", alert.product_id ?? "")}>{w.flows.lookup}</Button>}
          {alert.status === "opened" ? <Button onClick={() => onAct(box.acknowledge(alert.id))}>{w.attention.seen}</Button>
            : <Button onClick={() => onAct(box.resolve(alert.id))}>{w.attention.solved}</Button>}
        </span>
      </div>
    </li>
  );
}

function TaskRow({ task, name, onDone }: { task: TaskView; name: string | undefined; onDone: () => void }) {
  const w = useWords();
  const rule = w.attention.rules[task.rule];
  return (
    <li className="row attention">
      <div>
        <span className="row-words">
          <span className="row-title">{rule ?? task.rule.replaceAll("_", " ")}</span>
          <span className="row-detail">{[rule ? name ?? subjectOf(task) : task.detail, noteOf(task, name), w.time(task.opened_at)].filter(Boolean).join(" · ")}</span>
          {task.cause && <span className="row-detail">{w.attention.causes[task.cause]}</span>}
        </span>
        <span className="row-acts">
          <Remedies task={task} name={name} />
          <Button icon="good" onClick={onDone}>{w.attention.done}</Button>
        </span>
      </div>
    </li>
  );
}

/** What a person does about it, each a tap away: the likeliest first. */
function Remedies({ task, name }: { task: TaskView; name: string | undefined }) {
  const w = useWords();
  const { begin, error } = useBegin();
  const id = task.product_id;
  const place = PLACE_OF[task.cause ?? ""] ?? PLACE_OF[task.rule];
  return (
    <>
      {place && <Button kind="main" onClick={() => go(place, place === "adjust" || place === "lookup" ? (id ?? "") : "")}>{w.flows[place]}</Button>}
      {id && COUNTED.includes(task.rule) && <Button icon="count" onClick={() => begin({ name: name ?? (subjectOf(task) || w.flows.count), kind: "cycle", product_ids: [id] })}>{w.attention.countIt}</Button>}
      {id && place !== "lookup" && <Button onClick={() => go("lookup", id)}>{w.flows.lookup}</Button>}
      {error !== null && <Failed error={error} />}
    </>
  );
}

/** The box's sentence begins with what it is about; the rest is said by the screen, in its own language. */
function subjectOf(task: TaskView): string {
  return task.detail?.split(":")[0] ?? "";
}

/** What head office wrote to it; of a delivery what differed, which only the box can say. */
function noteOf(task: TaskView, name: string | undefined): string | null {
  if (task.rule === "receipt_variance") return task.detail?.split(": ").slice(1).join(": ") ?? null;
  return task.rule === "count_request" && task.detail !== name ? task.detail : null;
}

interface Found {
  alerts: AlertView[];
  tasks: TaskView[];
  /** Lots that end soon or have ended, the first of them first. */
  ending: LotView[];
}

async function readAll(): Promise<Found> {
  const [alerts, tasks, lots] = await Promise.all([box.alerts(), box.tasks(), box.ending()]);
  return {
    alerts: alerts.items,
    tasks: tasks.items.filter((task) => task.status === "open"),
    ending: lots.items.filter((lot) => FOR_SALE.includes(lot.location)),
  };
}
