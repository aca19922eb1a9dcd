/* Where one is logged in; a manager sees everybody, and may log out a device that was left lying about. */
import { box } from "../api/box";
import type { SessionView } from "../api/views";
import { Button, Card } from "../parts/controls";
import { Shown, useAnswer } from "../parts/answer";
import { type Speech, useWords } from "../words";
import { useAct } from "./acting";

export function LogIns() {
  const w = useWords();
  const { run, isBusy } = useAct();
  const found = useAnswer(() => box.sessions(), []);
  const end = (session: SessionView): void =>
    void run(async () => {
      await box.endSession(session.id);
      return { tone: "good", title: w.settings.ended(session.person, deviceOf(w, session)) };
    }).then(found.again);
  return (
    <Card title={w.settings.sessions}>
      <Shown answer={found}>
        {({ items }) => (
          <ul className="rows">
            {items.map((session) => (
              <li key={session.id} className="row"><div>
                <span className="row-words">
                  <span className="row-title">{session.person} · {deviceOf(w, session)}</span>
                  <span className="row-detail">{session.is_this ? w.settings.thisDevice : w.settings.usedAt(w.time(session.used_at))}</span>
                </span>
                {!session.is_this && <Button disabled={isBusy} onClick={() => end(session)} aria-label={`${w.settings.logOut}: ${session.person}, ${deviceOf(w, session)}`}>{w.settings.logOut}</Button>}
              </div></li>
            ))}
            {items.length === 0 && <li className="hint">{w.common.none}</li>}
          </ul>
        )}
      </Shown>
    </Card>
  );
}

const AT_ADDRESS = /^browser at (.+)$/;
const OF_THE_BOX = ["127.0.0.1", "::1"];

/** What a device calls itself; of one that has no name the box tells the address. */
function deviceOf(w: Speech, { device }: SessionView): string {
  const address = AT_ADDRESS.exec(device)?.[1];
  if (!address) return device;
  return OF_THE_BOX.includes(address) ? w.settings.atBox : w.settings.atAddress(address);
}
