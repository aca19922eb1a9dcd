/* A delivery or a transfer that somebody is putting together: on the disk at each change, there again after a crash. */
import { useCallback, useEffect, useRef, useState } from "react";
import { database } from "./database";

export interface Drafted<T> {
  value: T;
  /** False until the disk has been read. */
  isRead: boolean;
  change: (next: (value: T) => T) => void;
  clear: () => void;
}

export function useDraft<T>(flow: string, empty: T): Drafted<T> {
  const [value, setValue] = useState<T>(empty);
  const [isRead, setRead] = useState(false);
  const current = useRef<T>(empty);
  const blank = useRef(empty);
  /** What was changed before the disk had been read; null from then on. */
  const early = useRef<((value: T) => T)[] | null>([]);

  useEffect(() => {
    let isGone = false;
    early.current = [];
    void read<T>(flow).then((kept) => {
      if (isGone) return;
      const changes = early.current ?? [];
      early.current = null;
      current.current = changes.reduce((made, next) => next(made), kept ?? blank.current);
      if (changes.length > 0) void write(flow, current.current);
      setValue(current.current);
      setRead(true);
    });
    return () => {
      isGone = true;
    };
  }, [flow]);

  const change = useCallback(
    (next: (value: T) => T) => {
      current.current = next(current.current);
      setValue(current.current);
      if (early.current) early.current.push(next);
      else void write(flow, current.current);
    },
    [flow],
  );
  const clear = useCallback(() => change(() => blank.current), [change]);
  return { value, isRead, change, clear };
}

async function read<T>(flow: string): Promise<T | undefined> {
  return (await (await database()).get("drafts", flow))?.value as T | undefined;
}

async function write(flow: string, value: unknown): Promise<void> {
  await (await database()).put("drafts", { flow, value });
}
