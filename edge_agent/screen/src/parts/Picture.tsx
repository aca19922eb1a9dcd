/* A picture that the box draws: asked for with who we are, which an image's own address could not say. */
import { useEffect, useState } from "react";
import { API, Problem, credentials, problemOf } from "../api/client";
import { useWords } from "../words";
import { Failed } from "./Notice";

const WAIT_MS = 20_000;
/** While somebody types what it is to show nothing is drawn. */
const QUIET_MS = 250;

export function Picture({ path, name, className }: { path: string; name: string; className: string }) {
  const w = useWords();
  const [address, setAddress] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const controller = new AbortController();
    let made = "";
    setAddress(null);
    setError(null);
    const show = (picture: Blob): void => {
      if (controller.signal.aborted) return;
      made = URL.createObjectURL(picture);
      setAddress(made);
    };
    const timer = setTimeout(() => {
      draw(path, AbortSignal.any([controller.signal, AbortSignal.timeout(WAIT_MS)])).then(
        show,
        (problem: unknown) => controller.signal.aborted || setError(problem),
      );
    }, QUIET_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [path]);
  if (error !== null) return <Failed error={error} />;
  return address ? <img className={className} src={address} alt={name} /> : <p className="loading" role="status">{w.common.loading}</p>;
}

async function draw(path: string, signal: AbortSignal): Promise<Blob> {
  const answer = await fetch(`${API}${path}`, { headers: credentials(), signal }).catch((error: unknown) => {
    throw new Problem("away", 0, String(error));
  });
  if (!answer.ok) throw await problemOf(answer);
  return answer.blob();
}
