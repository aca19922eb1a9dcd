/* What needs somebody: alerts about stock, and tasks with their likely cause. */
import { useState } from "react";
import { thousandths } from "../amounts";
import { box } from "../api/box";
import type { AlertView, TaskView } from "../api/views";
import { Button, Card } from "../parts/controls";
import { Empty, Failed } from "../parts/Notice";
import { Shown, useAnswer } from "../parts/answer";
import { useNames } from "../parts/names";
import { go } from "../router";
import { useWords } from "../words";
import { useBegin } from "./beginning";

/** Where the cause of a task, or what it asks for, is dealt with. */
const PLACE_OF: Record<string, "receive" | "transfer" | "lookup" | "adjust"> = {
  delivery_not_booked: "receive", transfer_not_booked: "transfer", wrong_barcode: "lookup", wrong_pack: "lookup", lies_elsewhere: "lookup",
  receipt_variance: "receive", transfer_short: "transfer",
};
/** Rules that a count of the product answers. */
const COUNTED = ["negative_stock", "recount", "count_request", "cycle_count", "ambiguous_sale"];

export function Attention() {
  const w = useWords();
  const found = useAnswer(readAll, [], ["stock"]);
  const names = useNames((found.value?.alerts ?? []).flatMap((alert) => alert.product_id ?? []));
  const [error, setError] = useState<unknown>(null);
  const act = (work: Promise<unknown>): void => void work.then(() => { setError(null); found.again(); }, setError);
  return (
    <>
      {error !== null && <Failed error={error} />}
      <Shown answer={found}>
        {({ alerts, tasks }) => (
          <>
            {alerts.length + tasks.length === 0 && <Empty title={w.attention.calm} icon="good" />}
            {tasks.length > 0 && (
              <Card title={w.attention.tasks}>
                <ul className="rows">{tasks.map((task) => <TaskRow key={task.id} task={task} onDone={() => act(box.finish(task.id))} />)}</ul>
              </Card>
            )}
            {alerts.length > 0 && (
              <Card title={w.attention.alerts}>
                <ul className="rows">{alerts.map((alert) => <AlertRow key={alert.id} alert={alert} name={names.get(alert.product_id ?? "")?.name} onAct={act} />)}</ul>
              </Card>
            )}
          </>
        )}
      </Shown>
    </>
  );
}

function AlertRow({ alert, name, onAct }: { alert: AlertView; name: string | undefined; onAct: (work: Promise<unknown>) => void }) {
  const w = useWords();
  const isOut = alert.type === "low_stock" && alert.available !== null && thousandths(alert.available) <= 0;
  const type = isOut ? w.attention.soldOut : w.attention.types[alert.type] ?? alert.type.replaceAll("_", " ");
  const left = alert.available === null ? "" : w.attention.left(w.number(alert.available));
  const isUrgent = alert.severity === "critical";
  return (
    <li className="row attention">
      <div>
        <span className="row-words">
          <span className="row-title">{name ?? type}</span>
          <span className="row-detail">
            {isUrgent && <strong className="state refused">{w.attention.critical} · </strong>}
            {[name ? type : "", left, w.time(alert.opened_at)].filter(Boolean).join(" · ")}
          </span>
        </span>
        <span className="row-acts">
          {alert.product_id && <Button onClick={() => go("lookup", alert.product_id ?? "")}>{w.flows.lookup}</Button>}
          {alert.status === "opened" ? <Button onClick={() => onAct(box.acknowledge(alert.id))}>{w.attention.seen}</Button>
            : <Button onClick={() => onAct(box.resolve(alert.id))}>{w.attention.solved}</Button>}
        </span>
      </div>
    </li>
  );
}

function TaskRow({ task, onDone }: { task: TaskView; onDone: () => void }) {
  const w = useWords();
  return (
    <li className="row attention">
      <div>
        <span className="row-words">
          <span className="row-title">{w.attention.rules[task.rule] ?? task.rule.replaceAll("_", " ")}</span>
          <span className="row-detail">{task.detail} · {w.time(task.opened_at)}</span>
          {task.cause && <span className="row-detail">{w.attention.causes[task.cause]}</span>}
        </span>
        <span className="row-acts">
          <Remedies task={task} />
          <Button icon="good" onClick={onDone}>{w.attention.done}</Button>
        </span>
      </div>
    </li>
  );
}

/** What a person does about it, each a tap away: the likeliest first. */
function Remedies({ task }: { task: TaskView }) {
  const w = useWords();
  const { begin, error } = useBegin();
  const id = task.product_id;
  const place = PLACE_OF[task.cause ?? ""] ?? PLACE_OF[task.rule];
  return (
    <>
      {place && <Button kind="main" onClick={() => go(place, place === "adjust" || place === "lookup" ? (id ?? "") : "")}>{w.flows[place]}</Button>}
      {id && COUNTED.includes(task.rule) && <Button icon="count" onClick={() => begin({ name: task.detail?.split(":")[0] ?? w.flows.count, kind: "cycle", product_ids: [id] })}>{w.attention.countIt}</Button>}
      {id && place !== "lookup" && <Button onClick={() => go("lookup", id)}>{w.flows.lookup}</Button>}
      {error !== null && <Failed error={error} />}
    </>
  );
}

async function readAll(): Promise<{ alerts: AlertView[]; tasks: TaskView[] }> {
  const [alerts, tasks] = await Promise.all([box.alerts(), box.tasks()]);
  return { alerts: alerts.items, tasks: tasks.items.filter((task) => task.status === "open") };
}
