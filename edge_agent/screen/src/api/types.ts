/*
 * What the box answers, as the screen reads it. Quantities and money are decimal strings, times RFC 3339.
 * `tests/screen/test_types.py` asks a running box and lets the compiler compare its answers with this file.
 */

export type Place = "shelf" | "backroom" | "hold";
export type Mode = "sell" | "receive" | "lookup" | "count" | "transfer_out" | "transfer_in";

export interface Product {
  id: string;
  sku: string;
  name: string;
  category: string;
  unit: string;
  price: string | null;
  unit_cost: string | null;
  currency: string;
  lifecycle: string;
  reorder_point: string | null;
  critical_level: string | null;
  negative_policy: string | null;
  metadata: Record<string, unknown>;
  version: number[];
}

export interface Stock {
  on_hand: string;
  available: string;
  reserved: string;
  hold: string;
}

export interface Barcode {
  code: string;
  pack_quantity: string;
}

export interface ProductCard extends Product {
  barcodes: Barcode[];
  stock: Stock;
}

/** What of a product to take first, by expiry. */
export interface UseFirst {
  lot: string | null;
  expiry: string | null;
  location: string;
}

/** What a scan did, or only named. */
export interface ScanAnswer {
  movement_id: string | null;
  position: number | null;
  product: Product | null;
  quantity: string;
  level: string | null;
  stock: Stock | null;
  warnings: string[];
  count_status: string | null;
  problem: { code: string; detail: string } | null;
  lot?: string | null;
  expiry?: string | null;
  is_expired?: boolean;
  use_first?: UseFirst | null;
}

export interface LookUp extends ScanAnswer {
  gtin: string | null;
  symbology: string;
  lot: string | null;
  expiry: string | null;
  serial: string | null;
  flags: string[];
}

/** A beep of one of the box's scanners, or of another screen. */
export interface ScanEvent extends ScanAnswer {
  device: string;
  mode: Mode;
  code: string;
  beep: string;
}

export interface Level extends Stock {
  product_id: string;
  sku: string;
  name: string;
  unit: string;
  locations: Partial<Record<Place, string>>;
  on_order: string | null;
}

export interface AsOf {
  origin_id: string;
  position: number;
}

export interface Levels {
  items: Level[];
  next_cursor: string | null;
  as_of: AsOf;
}

export interface Products {
  items: Product[];
  next_cursor: string | null;
}

export interface Movement {
  movement_id: string;
  position: number;
  product_id: string;
  quantity: string;
  from: string;
  to: string;
  reason: string;
  occurred_at: string | null;
  document: string | null;
  lot: string | null;
  expiry: string | null;
  actor: string | null;
  key: string | null;
  command_id: string | null;
}

export interface Movements {
  items: Movement[];
  next_after: number | null;
  as_of: AsOf;
}

export interface Stocktake {
  stocktake_id: string;
  name: string;
  state: "open" | "closed";
  blind: boolean;
  opened_at: string | null;
  closed_at: string | null;
  actor: string | null;
}

export interface CountLine {
  line_id: string;
  product_id: string;
  location: Place;
  counted: string;
  status: "posted" | "ambiguous";
  position: number;
  actor: string | null;
  expected?: string;
  variance?: string;
}

export interface StocktakeSheet extends Stocktake {
  lines: CountLine[];
}

/** The answer to a line that was handed in. */
export interface LineAnswer {
  line_id: string;
  status: "posted" | "ambiguous";
  counted: string;
  position: number;
  expected?: string;
  variance?: string;
  movement_id?: string | null;
}

export interface OrderLine {
  product_id: string;
  quantity: string | null;
  received: string | null;
}

export interface Order {
  order_id: string;
  number: string;
  state: string;
  vendor: string | null;
  expected_on: string | null;
  lines: OrderLine[];
}

export interface Receipt {
  order: string | null;
  document: string | null;
  movement_ids: string[];
  position: number;
  warnings: string[];
}

export interface Transfer {
  transfer_id: string;
  from_site: string;
  to_site: string;
  state: string;
  opened_at: string | null;
  changed_at: string | null;
}

export interface TransferLine {
  product_id: string;
  dispatched: string;
  received: string;
}

export interface TransferSheet extends Transfer {
  lines: TransferLine[];
}

export interface Site {
  site_id: string;
  code: string;
  name: string;
}

export interface Alert {
  id: string;
  type: string;
  product_id: string | null;
  status: "opened" | "acknowledged" | "resolved";
  severity: string;
  available: string | null;
  opened_at: string | null;
  changed_at: string | null;
  position: number;
  actor: string | null;
  detail: string;
}

export interface Task {
  id: string;
  rule: string;
  product_id: string | null;
  status: string;
  detail: string;
  opened_at: string | null;
}

export interface Items<T> {
  items: T[];
}

export interface Sync {
  site_id: string;
  site_name: string;
  device_id: string;
  origin_id: string;
  boot: number;
  hub_epoch: number | null;
  head: number;
  position: number;
  acked: number;
  safe_mark: number;
  first_retained: number;
  pending: number;
  oldest_unacked_age_s: number | null;
  state: string;
  verdict: string | null;
  since: string | null;
  last_error: string | null;
  last_error_at: string | null;
  hub_time: string | null;
  clock_offset_ms: number | null;
  feed: { origin_id: string | null; position: number };
  feed_lag: number | null;
  as_of: AsOf;
}

export interface Check {
  name: string;
  result: "ok" | "warn" | "fail";
  detail: string;
  remedy: string | null;
}

export interface Health {
  status: "ok" | "warn" | "fail";
  checks: Check[];
}

export interface Me {
  id: string;
  name: string;
  role: string;
  permissions: string[];
  device: string | null;
}

export interface StockEvent {
  position: number;
  items: ({ product_id: string } & Stock)[];
}
