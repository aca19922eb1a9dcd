/* What of one product has been counted so far and is not confirmed yet; and its confirmation. */
import { parse, text, thousandths } from "../amounts";
import type { Place } from "../api/views";
import { thisMoment } from "../keep/moment";
import { confirm } from "../keep/outbox";
import { nameOf } from "../scan/naming";

export interface Tally {
  code: string;
  id: string;
  name: string;
  unit: string;
  typed: string;
  /** A person typed the number: the next scan of it begins no addition, it is another pack. */
  isTyped: boolean;
}

/** After one more scan: the same product goes up by a pack, another one begins at its pack. */
export async function tallyOf(code: string, before: Tally | null): Promise<Tally> {
  const { id, name, unit, pack } = await nameOf(code);
  const isSame = before !== null && (before.code === code || (id !== "" && before.id === id));
  const already = isSame ? (parse(before.typed) ?? 0) : 0;
  return { code, id, name, unit, typed: text(already + thousandths(pack)), isTyped: false };
}

/** On the disk when this resolves; handed in as soon as the box answers. */
export async function confirmLine(stocktake: string, location: Place, zone: string, { code, id, name, unit, typed }: Tally): Promise<void> {
  const counted = text(parse(typed) ?? 0);
  const what = id ? { product_id: id } : { code };
  await confirm({
    group: stocktake,
    path: `/stocktakes/${encodeURIComponent(stocktake)}/lines`,
    body: { ...what, counted, location, ...(zone ? { zone } : {}) },
    moment: await thisMoment(),
    title: name,
    amount: `${counted} ${unit}`,
  });
}
