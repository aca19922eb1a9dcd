/* One act of a form: sent once however often the button is pressed, told as a scan is told, its failure in words. */
import { useRef, useState } from "react";
import { type Verdict, useBeeps } from "../scan/Beeps";
import { useWords } from "../words";

export function useAct() {
  const w = useWords();
  const { tell } = useBeeps();
  const [isBusy, setBusy] = useState(false);
  const key = useRef(crypto.randomUUID());
  /** Until it has worked the same act has the same key; `act` gets it. */
  const run = async (act: (key: string) => Promise<Verdict>): Promise<boolean> => {
    if (isBusy) return false;
    setBusy(true);
    try {
      tell(await act(key.current));
      key.current = crypto.randomUUID();
      return true;
    } catch (error) {
      const told = w.problem(error);
      tell({ tone: "refused", title: told.title, detail: told.next });
      return false;
    } finally {
      setBusy(false);
    }
  };
  /** What is asked for has changed: it is another act. */
  const renew = (): void => {
    key.current = crypto.randomUUID();
  };
  return { run, renew, isBusy };
}
