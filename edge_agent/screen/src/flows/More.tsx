/* The flows that a small screen has no room for at its edge. */
import { Row } from "../parts/controls";
import { go } from "../router";
import { useMay } from "../session";
import { useWords } from "../words";
import { FLOWS, GROUPS, PRIMARY } from "./index";

export function More() {
  const w = useWords();
  const may = useMay();
  return (
    <>
      {GROUPS.map((group) => {
        const flows = FLOWS.filter((flow) => flow.group === group && may(flow.needs) && !PRIMARY.some((first) => first.path === flow.path));
        return flows.length > 0 && (
          <section key={group} className="card">
            <h2>{w.groups[group]}</h2>
            <ul className="rows">
              {flows.map((flow) => <Row key={flow.path} icon={flow.icon} title={w.flows[flow.name]} onOpen={() => go(flow.path)} />)}
            </ul>
          </section>
        );
      })}
    </>
  );
}
