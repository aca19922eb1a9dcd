/* Where one is logged in; a manager sees everybody, and may log out a device that was left lying about. */
import { box } from "../api/box";
import type { SessionView } from "../api/views";
import { Button, Card } from "../parts/controls";
import { Shown, useAnswer } from "../parts/answer";
import { useWords } from "../words";
import { useAct } from "./acting";

export function LogIns() {
  const w = useWords();
  const { run, isBusy } = useAct();
  const found = useAnswer(() => box.sessions(), []);
  const end = (session: SessionView): void =>
    void run(async () => {
      await box.endSession(session.id);
      return { tone: "good", title: w.settings.ended(session.person, session.device) };
    }).then(found.again);
  return (
    <Card title={w.settings.sessions}>
      <Shown answer={found}>
        {({ items }) => (
          <ul className="rows">
            {items.map((session) => (
              <li key={session.id} className="row"><div>
                <span className="row-words">
                  <span className="row-title">{session.person} · {session.device}</span>
                  <span className="row-detail">{session.is_this ? w.settings.thisDevice : w.settings.usedAt(w.time(session.used_at))}</span>
                </span>
                {!session.is_this && <Button disabled={isBusy} onClick={() => end(session)} aria-label={`${w.settings.logOut}: ${session.person}, ${session.device}`}>{w.settings.logOut}</Button>}
              </div></li>
            ))}
            {items.length === 0 && <li className="hint">{w.common.none}</li>}
          </ul>
        )}
      </Shown>
    </Card>
  );
}
