/* The frame of every view: where one can go, what the last scan did, how the connection is. */
import { useEffect } from "react";
import { FLOWS, type Flow, GROUPS, PRIMARY, flowOf } from "../flows";
import { Icon } from "../parts/Icon";
import { useRoute, go } from "../router";
import { useBeeps } from "../scan/Beeps";
import { useLookUpTaker } from "../flows/lookUpTaker";
import { Empty } from "../parts/Notice";
import { useMay, useSession } from "../session";
import { useWords } from "../words";
import { Band } from "./Band";
import { Connection, useSync } from "./Connection";

export function Shell() {
  const w = useWords();
  const route = useRoute();
  const flow = flowOf(route.flow);
  const { leave, setFallback } = useBeeps();
  const lookUp = useLookUpTaker();
  setFallback(lookUp);
  const title = w.flows[flow.name];
  const sync = useSync();
  useEffect(() => {
    document.title = `${title} – Backstock`;
  }, [title]);
  // `leave` is another one at each verdict; it is meant when the flow changes.
  useEffect(() => leave(), [route.flow]);
  useEffect(() => {
    scrollTo(0, 0);
  }, [route.flow, route.of]);
  const may = useMay();
  const View = flow.view;
  return (
    <div className="shell">
      <a className="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById("content")?.focus(); }}>{w.common.skip}</a>
      <Navigation current={flow} />
      <div className="page">
        <header className="top">
          {route.of ? <button type="button" className="round" onClick={() => go(flow.path)} aria-label={w.common.back}><Icon name="back" /></button> : null}
          <div className="here">
            <h1>{title}</h1>
            {sync && <p className="store">{sync.site_name}</p>}
          </div>
          <Person />
          <Connection sync={sync} />
        </header>
        <main id="content" tabIndex={-1}>
          <Band />
          {may(flow.needs) ? <View key={route.of} of={route.of} />
            : <Empty title={w.problems["permission"]?.[0] ?? ""} icon="person"><p>{w.login.mayNot}</p></Empty>}
        </main>
      </div>
    </div>
  );
}

function Navigation({ current }: { current: Flow }) {
  const w = useWords();
  const may = useMay();
  const isInMore = current.name !== "home" && !PRIMARY.some((flow) => flow.name === current.name);
  return (
    <nav className="nav" aria-label={w.common.navigation}>
      <p className="brand" aria-hidden="true"><img src="/icon.svg" alt="" width="32" height="32" /><span>Backstock</span></p>
      <ul className="nav-short">
        {PRIMARY.filter((flow) => may(flow.needs)).map((flow) => <Place key={flow.name} flow={flow} isHere={flow.name === current.name} />)}
        <Place flow={flowOf("more")} isHere={isInMore} />
      </ul>
      <div className="nav-long">
        {GROUPS.map((group) => (
          <section key={group} aria-label={w.groups[group]}>
            <p aria-hidden="true">{w.groups[group]}</p>
            <ul>
              {FLOWS.filter((flow) => flow.group === group && may(flow.needs)).map((flow) => (
                <Place key={flow.name} flow={flow} isHere={flow.name === current.name} />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </nav>
  );
}

/** Who is logged in; the way to what is theirs. */
function Person() {
  const w = useWords();
  const name = useSession().me?.name;
  if (!name) return null;
  return <a className="who" href="#/settings" aria-label={`${w.settings.person}: ${name}`}><Icon name="person" size={20} /><span>{name}</span></a>;
}

function Place({ flow, isHere }: { flow: Flow; isHere: boolean }) {
  const w = useWords();
  return (
    <li>
      <a href={`#/${flow.path}`} aria-current={isHere ? "page" : undefined}>
        <Icon name={flow.icon} />
        <span>{w.flows[flow.name]}</span>
      </a>
    </li>
  );
}
