/* What needs somebody: alerts about stock, and tasks with their likely cause. */
import { useState } from "react";
import { box } from "../api/box";
import type { AlertView, TaskView } from "../api/views";
import { Button, Card } from "../parts/controls";
import { Empty, Failed } from "../parts/Notice";
import { Shown, useAnswer } from "../parts/answer";
import { go } from "../router";
import { useWords } from "../words";

export function Attention() {
  const w = useWords();
  const found = useAnswer(readAll, [], ["stock"]);
  const [error, setError] = useState<unknown>(null);
  const act = (work: Promise<unknown>): void => void work.then(() => { setError(null); found.again(); }, setError);
  return (
    <>
      {error !== null && <Failed error={error} />}
      <Shown answer={found}>
        {({ alerts, tasks, names }) => (
          <>
            {alerts.length + tasks.length === 0 && <Empty title={w.attention.calm} icon="good" />}
            {tasks.length > 0 && (
              <Card title={w.attention.tasks}>
                <ul className="rows">{tasks.map((task) => <TaskRow key={task.id} task={task} onDone={() => act(box.finish(task.id))} />)}</ul>
              </Card>
            )}
            {alerts.length > 0 && (
              <Card title={w.attention.alerts}>
                <ul className="rows">{alerts.map((alert) => <AlertRow key={alert.id} alert={alert} name={names.get(alert.product_id ?? "")} onAct={act} />)}</ul>
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
  const type = w.attention.types[alert.type] ?? alert.type.replaceAll("_", " ");
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
        </span>
        <span className="row-acts">
          {task.product_id && <Button onClick={() => go("lookup", task.product_id ?? "")}>{w.flows.lookup}</Button>}
          <Button icon="good" onClick={onDone}>{w.attention.done}</Button>
        </span>
      </div>
    </li>
  );
}

async function readAll(): Promise<{ alerts: AlertView[]; tasks: TaskView[]; names: Map<string, string> }> {
  const [alerts, tasks] = await Promise.all([box.alerts(), box.tasks()]);
  const ids = [...new Set(alerts.items.map((alert) => alert.product_id).filter((id) => id !== null))];
  const named = await Promise.all(ids.slice(0, 100).map((id) => box.product(id).then((product) => [id, product.name] as const, () => [id, id] as const)));
  return { alerts: alerts.items, tasks: tasks.items.filter((task) => task.status === "open"), names: new Map(named) };
}
