/* Beginning a count, once however often the button is pressed: what is asked for and its key belong together. */
import { useState } from "react";
import { box } from "../api/box";
import { go } from "../router";
import { useHold } from "../scan/Beeps";

export function useBegin() {
  const [asked, setAsked] = useState({ body: "", key: "" });
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  // Who taps and scans means the count that they began.
  useHold(isBusy);
  const begin = (body: object): void => {
    const written = JSON.stringify(body);
    const key = written === asked.body ? asked.key : crypto.randomUUID();
    setAsked({ body: written, key });
    setError(null);
    setBusy(true);
    box.beginCount(body, key).then((made) => go("count", made.stocktake_id), setError).finally(() => setBusy(false));
  };
  return { begin, error };
}
