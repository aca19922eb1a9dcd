/* Setting up a scanner: what arrives of it, byte by byte, what a beep of it means, and which one is this screen's. */
import { useEffect, useState } from "react";
import { box } from "../api/box";
import type { ScannerView } from "../api/views";
import { Button, Card, Choice } from "../parts/controls";
import { Empty, Failed } from "../parts/Notice";
import { Shown, useAnswer } from "../parts/answer";
import { prefer, usePreferences } from "../preferences";
import { useWords } from "../words";

const MODES = ["lookup", "sell", "receive"] as const;
const LOOK_EVERY_MS = 1_000;

export function Scanners() {
  const w = useWords();
  const found = useAnswer(() => box.scanners(), [], ["scan"]);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const timer = setInterval(found.again, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [found.again]);
  const setMode = (name: string, mode: string): void => void box.setMode(name, mode).then(() => { setError(null); found.again(); }, setError);
  return (
    <>
      <p className="lead">{w.scanners.lead}</p>
      {error !== null && <Failed error={error} />}
      <Shown answer={found}>
        {({ items }) => items.length === 0 ? <Empty title={w.scanners.none} /> : (
          <div className="columns even">{items.map((scanner) => <One key={scanner.name} scanner={scanner} onMode={(mode) => setMode(scanner.name, mode)} />)}</div>
        )}
      </Shown>
    </>
  );
}

function One({ scanner, onMode }: { scanner: ScannerView; onMode: (mode: string) => void }) {
  const w = useWords();
  const { scanner: ours } = usePreferences();
  const isOurs = ours === scanner.name;
  const last = scanner.last_bytes;
  return (
    <Card title={scanner.name}>
      <p className={`state ${scanner.state === "up" ? "good" : "doubtful"}`}>{w.scanners.states[scanner.state] ?? scanner.state}</p>
      <p className="hint"><code>{scanner.url}</code></p>
      <Choice label={w.scanners.mode} value={scanner.mode} options={MODES.map((value) => ({ value: value as string, text: w.scanners.modes[value] ?? value }))} onChange={onMode} />
      <div>
        <p className="field-name">{w.scanners.bytes}</p>
        {last ? <p className="bytes"><code>{last.ascii}</code><br /><code className="hint">{last.hex}</code></p> : <p className="hint">{w.scanners.waiting}</p>}
      </div>
      {scanner.alerts.length > 0 && <div><p className="field-name">{w.scanners.suggestions}</p>{scanner.alerts.map((alert) => <p key={alert} className="hint">{alert}</p>)}</div>}
      <Button aria-pressed={isOurs} icon="scanners" onClick={() => prefer({ scanner: isOurs ? null : scanner.name })}>{isOurs ? `${w.settings.scanner} ✓` : w.settings.scanner}</Button>
      <p className="hint">{w.settings.scannerWhy}</p>
    </Card>
  );
}
