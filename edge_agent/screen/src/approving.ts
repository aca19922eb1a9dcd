/* What waits for a manager: calls that the box refused and that an approval would let through, one after the other. */
import { useSyncExternalStore } from "react";
import { setApprover } from "./api/client";

interface Asked {
  operation: string;
  settle: (approval: string | null) => void;
}

let waiting: readonly Asked[] = [];
const watchers = new Set<() => void>();
setApprover((operation) => new Promise((resolve) => {
  const asked: Asked = {
    operation,
    settle: (approval) => {
      become(waiting.filter((each) => each !== asked));
      resolve(approval);
    },
  };
  become([...waiting, asked]);
}));

/** What a manager is asked for now. */
export function useAsked(): Asked | undefined {
  return useSyncExternalStore(watch, () => waiting[0]);
}

function become(next: readonly Asked[]): void {
  waiting = next;
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
