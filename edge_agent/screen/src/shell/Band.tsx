/* What the last scan did, in a colour and in words, where the eye is; a screen reader reads it at once. */
import { Icon } from "../parts/Icon";
import { useBeeps } from "../scan/Beeps";
import { useWords } from "../words";

const ICONS = { good: "good", doubtful: "doubtful", refused: "refused", calm: "scanners" } as const;

export function Band() {
  const w = useWords();
  const { verdict, dismiss } = useBeeps();
  return (
    <div className="band-place" role="status" aria-live={verdict?.tone === "refused" ? "assertive" : "polite"} aria-label={w.scan.lastScan}>
      {verdict && (
        <div key={verdict.number} className={`band ${verdict.tone}`} data-tone={verdict.tone}>
          <span className="band-icon"><Icon name={ICONS[verdict.tone]} size={28} /></span>
          <div className="band-words">
            <p className="band-title">{verdict.title}</p>
            {verdict.detail && <p>{verdict.detail}</p>}
          </div>
          {verdict.action && (
            <button type="button" className="band-act" onClick={verdict.action.act}>{verdict.action.text}</button>
          )}
          <button type="button" className="round" onClick={dismiss} aria-label={w.common.close}><Icon name="refused" size={20} /></button>
        </div>
      )}
    </div>
  );
}
