/* Which view is open, from the part of the address behind `#`: the box serves one page, and a reload stays where one was. */
import { useSyncExternalStore } from "react";

export interface Route {
  /** The flow's name, empty at the start. */
  flow: string;
  /** What of it: an id, or nothing. */
  of: string;
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(watch, () => location.hash);
  const [flow = "", ...rest] = hash.replace(/^#\/?/, "").split("/");
  return { flow, of: decodeURIComponent(rest.join("/")) };
}

export function go(flow: string, of = ""): void {
  location.hash = `#/${flow}${of ? `/${encodeURIComponent(of)}` : ""}`;
}

function watch(watcher: () => void): () => void {
  addEventListener("hashchange", watcher);
  return () => removeEventListener("hashchange", watcher);
}
