/* A dialog above the view: the browser's own, so focus stays inside and Escape closes it. */
import { type ReactNode, useEffect, useRef } from "react";
import { useWords } from "../words";
import { Icon } from "./Icon";

export function Sheet({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const w = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    if (shown && !shown.open) shown.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} className="sheet" aria-label={title} onCancel={(event) => { event.preventDefault(); onClose(); }}>
      <header>
        <h2>{title}</h2>
        <button type="button" className="round" onClick={onClose} aria-label={w.common.close}><Icon name="refused" /></button>
      </header>
      {children}
    </dialog>
  );
}
