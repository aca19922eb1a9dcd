/* Beginning a count, once however often the button is pressed: what is asked for and its key belong together. */
import { useState } from "react";
import { box } from "../api/box";
import { go } from "../router";

export function useBegin() {
  const [asked, setAsked] = useState({ body: "", key: "" });
  const [error, setError] = useState<unknown>(null);
  const begin = (body: object): void => {
    const written = JSON.stringify(body);
    const key = written === asked.body ? asked.key : crypto.randomUUID();
    setAsked({ body: written, key });
    setError(null);
    box.beginCount(body, key).then((made) => go("count", made.stocktake_id), setError);
  };
  return { begin, error };
}
