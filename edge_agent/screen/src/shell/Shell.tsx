/* The frame of every view: where one can go, what the last scan did, how the connection is. */
import { useEffect } from "react";
import { FLOWS, type Flow, GROUPS, PRIMARY, flowOf } from "../flows";
import { Icon } from "../parts/Icon";
import { useRoute, go } from "../router";
import { useBeeps } from "../scan/Beeps";
import { useLookUpTaker } from "../flows/lookUpTaker";
import { useWords } from "../words";
import { Band } from "./Band";
import { Connection } from "./Connection";

export function Shell() {
  const w = useWords();
  const route = useRoute();
  const flow = flowOf(route.flow);
  const { dismiss, setFallback } = useBeeps();
  const lookUp = useLookUpTaker();
  setFallback(lookUp);
  const title = w.flows[flow.name];
  useEffect(() => {
    document.title = `${title} – Backstock`;
  }, [title]);
  useEffect(() => {
    scrollTo(0, 0);
  }, [route.flow, route.of]);
  const View = flow.view;
  return (
    <div className="shell">
      <a className="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById("content")?.focus(); }}>{w.common.skip}</a>
      <Navigation current={flow} onLeave={dismiss} />
      <div className="page">
        <header className="top">
          {route.of ? <button type="button" className="round" onClick={() => go(flow.path)} aria-label={w.common.back}><Icon name="back" /></button> : null}
          <h1>{title}</h1>
          <Connection />
        </header>
        <main id="content" tabIndex={-1}>
          <Band />
          <View key={route.of} of={route.of} />
        </main>
      </div>
    </div>
  );
}

function Navigation({ current, onLeave }: { current: Flow; onLeave: () => void }) {
  const w = useWords();
  const isInMore = !PRIMARY.some((flow) => flow.name === current.name);
  return (
    <nav className="nav" aria-label={w.common.navigation}>
      <p className="brand" aria-hidden="true"><img src="/icon.svg" alt="" width="32" height="32" /><span>Backstock</span></p>
      <ul className="nav-short">
        {PRIMARY.map((flow) => <Place key={flow.name} flow={flow} isHere={flow.name === current.name} onLeave={onLeave} />)}
        <Place flow={flowOf("more")} isHere={isInMore} onLeave={onLeave} />
      </ul>
      <div className="nav-long">
        {GROUPS.map((group) => (
          <section key={group} aria-label={w.groups[group]}>
            <p aria-hidden="true">{w.groups[group]}</p>
            <ul>
              {FLOWS.filter((flow) => flow.group === group).map((flow) => (
                <Place key={flow.name} flow={flow} isHere={flow.name === current.name} onLeave={onLeave} />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </nav>
  );
}

function Place({ flow, isHere, onLeave }: { flow: Flow; isHere: boolean; onLeave: () => void }) {
  const w = useWords();
  return (
    <li>
      <a href={`#/${flow.path}`} aria-current={isHere ? "page" : undefined} onClick={onLeave}>
        <Icon name={flow.icon} />
        <span>{w.flows[flow.name]}</span>
      </a>
    </li>
  );
}
