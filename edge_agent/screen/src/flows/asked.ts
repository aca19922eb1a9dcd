/* A booking that another view asks for, as a link says it: which product and lot, where, how many and why. */
import type { LotView, Place } from "../api/views";

export interface Asked {
  id: string;
  lot: string | null;
  expiry: string | null;
  location: Place | null;
  quantity: string | null;
  reason: string | null;
}

/** What has ended is waste, all of it. */
export function wasteOf({ product_id, lot, expiry, location, quantity }: LotView): string {
  const said = { lot, expiry, location, quantity, reason: "expiry" };
  const known = Object.entries(said).filter((each): each is [string, string] => Boolean(each[1]));
  return `${product_id}?${new URLSearchParams(known)}`;
}

export function askedOf(of: string): Asked {
  const [id = "", about] = of.split("?");
  const said = new URLSearchParams(about);
  return { id, lot: said.get("lot"), expiry: said.get("expiry"), location: said.get("location") as Place | null, quantity: said.get("quantity"), reason: said.get("reason") };
}
