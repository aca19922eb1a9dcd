/* Setting a scanner up: what arrives of it, byte by byte, what to set otherwise, and a code to try it with. */
import { type ReactNode, useState } from "react";
import { box } from "../api/box";
import type { RawFrame, ScannerView } from "../api/views";
import { Button, Card, Choice } from "../parts/controls";
import { Failed, Notice } from "../parts/Notice";
import { Picture } from "../parts/Picture";
import { usePreferences } from "../preferences";
import { own } from "../scan/ownScanner";
import { type Beep, type Verdict, useTaker } from "../scan/Beeps";
import { type Heard, useRaw } from "../scan/raw";
import { useWords } from "../words";
import { toldOf } from "./lookUpTaker";

const MODES = ["lookup", "sell", "receive"] as const;
/** What the box's test code says (`TEST_GOODS`). */
const TEST = { gtin: "09506000134352", lot: "TEST-1", expiry: "2030-12-31" };

export function Commissioning({ name }: { name: string }) {
  const w = useWords();
  const heard = useRaw(name);
  // Here a beep is only looked at; what its scanner sold by itself is said.
  const look = async ({ done }: Beep): Promise<Verdict | null> => done && toldOf(w, done);
  useTaker(look, true, "sales", name);
  if (heard.error !== null) return <Failed error={heard.error} />;
  if (heard.scanner === null) return <p className="loading" role="status">{w.common.loading}</p>;
  return (
    <div className="columns">
      <div>
        <Arriving heard={heard} />
        <Better heard={heard} alerts={heard.scanner.alerts} />
      </div>
      <div>
        <TestCode last={heard.frames[0]} />
        <Meaning scanner={heard.scanner} />
      </div>
    </div>
  );
}

function Arriving({ heard }: { heard: Heard }) {
  const w = useWords();
  const { frames, rest } = heard;
  return (
    <Card title={w.scanners.bytes}>
      <div role="log" aria-label={w.scanners.bytes} className="arrived">
        {rest.length > 0 && <p className="bytes rest"><Named text={rest.map(({ ascii }) => ascii).join("")} /></p>}
        {frames.map((frame) => <Frame key={frame.number} frame={frame} />)}
      </div>
      {frames.length + rest.length === 0 && <p className="hint">{w.scanners.waiting}</p>}
    </Card>
  );
}

function Frame({ frame }: { frame: RawFrame }) {
  const w = useWords();
  const told = w.scanners.meaning;
  const facts: [string, string | null][] = [
    [told.kind, frame.aim ? `${frame.symbology ?? ""} (${frame.aim})` : frame.symbology],
    [told.gtin, frame.gtin], [told.sku, frame.sku], [told.lot, frame.lot],
    [told.expiry, frame.expiry && w.date(frame.expiry)], [told.serial, frame.serial],
    [told.flags, frame.flags.map((flag) => flag.replaceAll("_", " ")).join(", ")],
  ];
  return (
    <div className="bytes">
      <p><Named text={frame.ascii} /></p>
      <p className="hint"><code>{frame.hex}</code></p>
      <dl className="facts">
        {facts.map(([name, value]) => value && <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
      </dl>
    </div>
  );
}

/** Control characters by name stand out from what was printed. */
function Named({ text }: { text: string }): ReactNode {
  const parts = text.split(/(<(?:[A-Z][A-Z0-9]{1,2}|0x[0-9A-F]{2})>)/);
  return <code>{parts.map((part, number) => (number % 2 ? <mark key={number}>{part.slice(1, -1)}</mark> : part))}</code>;
}

function Better({ heard, alerts }: { heard: Heard; alerts: Record<string, string> }) {
  const w = useWords();
  const texts = { ...alerts, ...Object.fromEntries(heard.advice.map(({ code, text }) => [code, text])) };
  const codes = Object.keys(texts);
  if (codes.length === 0) return heard.frames.length > 0 && <Notice tone="good" title={w.scanners.fine} />;
  return (
    <Card title={w.scanners.suggestions}>
      <ul className="rows">{codes.map((code) => <li key={code} className="row advice">{w.scanners.advice[code] ?? texts[code]}</li>)}</ul>
    </Card>
  );
}

function TestCode({ last }: { last: RawFrame | undefined }) {
  const w = useWords();
  const isTried = last?.gtin === TEST.gtin;
  const isWhole = isTried && last.lot === TEST.lot && last.expiry === TEST.expiry;
  return (
    <Card title={w.scanners.test}>
      <p className="hint">{w.scanners.testWhy}</p>
      <Picture path="/scanners/test-code" name={w.scanners.test} className="label-preview" />
      <div role="status">{isTried && <Notice tone={isWhole ? "good" : "doubtful"} title={isWhole ? w.scanners.testGood : w.scanners.testPart} />}</div>
    </Card>
  );
}

function Meaning({ scanner }: { scanner: ScannerView }) {
  const w = useWords();
  const isOurs = usePreferences().scanner === scanner.name;
  const [mode, setMode] = useState(scanner.mode);
  const [error, setError] = useState<unknown>(null);
  const choose = (next: string): void => {
    setError(null);
    void box.setMode(scanner.name, next).then((now) => setMode(now.mode), setError);
  };
  return (
    <Card title={scanner.name}>
      <p className={`state ${scanner.state === "up" ? "good" : "doubtful"}`}>{w.scanners.states[scanner.state] ?? scanner.state}</p>
      {scanner.state !== "up" && scanner.last_error && <p className="hint">{scanner.last_error}</p>}
      <p className="hint"><code>{scanner.url}</code></p>
      <Choice label={w.scanners.mode} value={mode} options={MODES.map((value) => ({ value: value as string, text: w.scanners.modes[value] ?? value }))} onChange={choose} />
      {error !== null && <Failed error={error} />}
      <Button aria-pressed={isOurs} icon={isOurs ? "good" : "scanners"} onClick={() => void own(isOurs ? null : scanner.name).catch(setError)}>{w.settings.scanner}</Button>
      <p className="hint">{w.settings.scannerWhy}</p>
    </Card>
  );
}
