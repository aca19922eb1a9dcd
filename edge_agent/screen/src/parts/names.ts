/* The names of products that an answer tells by their ids only, each asked for once. */
import { useEffect, useState } from "react";
import { box } from "../api/box";

export interface NamedProduct {
  name: string;
  unit: string;
}

const AT_ONCE = 8;
const known = new Map<string, NamedProduct>();

export function useNames(ids: readonly string[]): ReadonlyMap<string, NamedProduct> {
  const [, showMore] = useState(0);
  const wanted = [...new Set(ids)].filter((id) => !known.has(id));
  useEffect(() => {
    let isGone = false;
    void ask(wanted, () => isGone || showMore((times) => times + 1));
    return () => {
      isGone = true;
    };
  }, [wanted.join(" ")]);
  return known;
}

async function ask(ids: readonly string[], onSome: () => void): Promise<void> {
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    await Promise.all(ids.slice(at, at + AT_ONCE).map((id) => box.product(id).then(({ name, unit }) => known.set(id, { name, unit }), () => undefined)));
    onSome();
  }
}
