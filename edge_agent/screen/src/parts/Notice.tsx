/* Something to be told in a colour, with an icon, so that colour alone says nothing. */
import type { ReactNode } from "react";
import { useWords } from "../words";
import { Button } from "./controls";
import { Icon, type IconName } from "./Icon";

export type Tone = "good" | "doubtful" | "refused" | "calm";

const ICONS: Record<Tone, IconName> = { good: "good", doubtful: "doubtful", refused: "refused", calm: "scanners" };

export function Notice({ tone, title, children }: { tone: Tone; title: string; children?: ReactNode }) {
  return (
    <div className={`notice ${tone}`}>
      <span className="notice-icon"><Icon name={ICONS[tone]} /></span>
      <div className="notice-words">
        <p className="notice-title">{title}</p>
        {children !== undefined && <div className="notice-next">{children}</div>}
      </div>
    </div>
  );
}

/** Why something went wrong, what to do, and a way to try again. */
export function Failed({ error, onAgain }: { error: unknown; onAgain?: () => void }) {
  const w = useWords();
  const told = w.problem(error);
  return (
    <div role="alert">
      <Notice tone="refused" title={told.title}>
        <p>{told.next}</p>
        {onAgain && <Button onClick={onAgain} icon="undo">{w.common.again}</Button>}
      </Notice>
    </div>
  );
}

export function Empty({ title, children, icon = "scanners" }: { title: string; children?: ReactNode; icon?: IconName }) {
  return (
    <div className="empty">
      <span className="empty-icon"><Icon name={icon} size={40} /></span>
      <p className="empty-title">{title}</p>
      {children !== undefined && <div className="hint">{children}</div>}
    </div>
  );
}
