/* The box's scanners: how each is, what a beep of it means, and the way to setting it up. */
import { useEffect } from "react";
import { box } from "../api/box";
import type { ScannerView } from "../api/views";
import { Card, Row } from "../parts/controls";
import { Empty } from "../parts/Notice";
import { Shown, useAnswer } from "../parts/answer";
import { usePreferences } from "../preferences";
import { go } from "../router";
import { useWords } from "../words";
import { Commissioning } from "./Commissioning";

const LOOK_EVERY_MS = 2_000;

export function Scanners({ of }: { of: string }) {
  return of ? <Commissioning name={of} /> : <All />;
}

function All() {
  const w = useWords();
  const found = useAnswer(() => box.scanners(), [], ["scan"]);
  useEffect(() => {
    const timer = setInterval(found.again, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [found.again]);
  return (
    <>
      <p className="lead">{w.scanners.lead}</p>
      <Shown answer={found}>
        {({ items }) => items.length === 0 ? <Empty title={w.scanners.none}><p>{w.scanners.noneNext}</p></Empty> : (
          <Card><ul className="rows">{items.map((scanner) => <One key={scanner.name} scanner={scanner} />)}</ul></Card>
        )}
      </Shown>
    </>
  );
}

function One({ scanner }: { scanner: ScannerView }) {
  const w = useWords();
  const isOurs = usePreferences().scanner === scanner.name;
  const isWell = scanner.state === "up" && Object.keys(scanner.alerts).length === 0;
  const state = isWell || scanner.state !== "up" ? w.scanners.states[scanner.state] ?? scanner.state : w.scanners.lookAt;
  return (
    <Row
      icon="scanners"
      title={scanner.name}
      detail={[w.scanners.modes[scanner.mode], isOurs && w.settings.scanner].filter(Boolean).join(" · ")}
      end={<span className={`state ${isWell ? "good" : "doubtful"}`}>{state}</span>}
      onOpen={() => go("scanners", scanner.name)}
    />
  );
}
