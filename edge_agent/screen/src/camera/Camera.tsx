/* What the camera sees, small, while it is on; what it reads goes the way of every scan. */
import { useEffect, useRef, useState } from "react";
import { Button } from "../parts/controls";
import { Failed } from "../parts/Notice";
import { useBeeps } from "../scan/Beeps";
import { useWords } from "../words";
import { openCamera, watch } from "./watching";

export default function Camera({ onClose }: { onClose: () => void }) {
  const w = useWords();
  const { enter } = useBeeps();
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<"asking" | "on">("asking");
  const [error, setError] = useState<unknown>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    setState("asking");
    setError(null);
    void look(signal).catch((problem: unknown) => signal.aborted || setError(problem));
    return () => controller.abort();

    async function look(until: AbortSignal): Promise<void> {
      const stream = await openCamera();
      const end = (): void => stream.getTracks().forEach((track) => track.stop());
      until.addEventListener("abort", end);
      const shown = video.current;
      if (until.aborted || !shown) return end();
      shown.srcObject = stream;
      await shown.play();
      setState("on");
      await watch(shown, enter, until).finally(end);
    }
  }, [enter, tries]);
  useEffect(() => {
    // Nobody points a camera at a page that is not looked at.
    const hidden = (): void => void (document.visibilityState === "hidden" && onClose());
    document.addEventListener("visibilitychange", hidden);
    return () => document.removeEventListener("visibilitychange", hidden);
  }, [onClose]);
  return (
    <section className="camera" aria-label={w.camera.title}>
      {error === null ? (
        <>
          <video ref={video} muted playsInline aria-hidden="true" />
          <p className="hint" role="status">{state === "asking" ? w.camera.asking : w.camera.aim}</p>
        </>
      ) : <Failed error={error} onAgain={() => setTries(tries + 1)} />}
      <Button icon="refused" onClick={onClose}>{w.camera.close}</Button>
    </section>
  );
}
