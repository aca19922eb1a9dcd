/* The start: scan anything, or choose what to do; and what needs somebody now. */
import { box } from "../api/box";
import { Icon } from "../parts/Icon";
import { ProductSearch } from "../parts/ProductSearch";
import { useAnswer } from "../parts/answer";
import { go } from "../router";
import { useMay } from "../session";
import { useWords } from "../words";
import { FLOWS } from "./index";
import { SyncSentence } from "./SyncStatus";

const TILES = ["sell", "receive", "count", "lookup", "return", "adjust", "transfer", "attention"];

export function Home() {
  const w = useWords();
  const may = useMay();
  const needed = useAnswer(async () => {
    const [alerts, tasks] = await Promise.all([box.alerts(), box.tasks()]);
    return alerts.items.length + tasks.items.filter((task) => task.status === "open").length;
  }, [], ["stock"]);
  return (
    <div className="home">
      <section className="hero">
        <p className="hero-ready"><Icon name="scanners" size={28} />{w.scan.ready}</p>
        <ProductSearch onPick={(level) => go("lookup", level.product_id)} />
      </section>
      <ul className="tiles">
        {TILES.map((path) => FLOWS.find((flow) => flow.path === path)).map((flow) => flow && may(flow.needs) && (
          <li key={flow.path}>
            <a href={`#/${flow.path}`}>
              <Icon name={flow.icon} size={30} />
              <span>{w.flows[flow.name]}</span>
              {flow.path === "attention" && (needed.value ?? 0) > 0 && <strong className="badge">{needed.value}</strong>}
            </a>
          </li>
        ))}
      </ul>
      <SyncSentence />
    </div>
  );
}
