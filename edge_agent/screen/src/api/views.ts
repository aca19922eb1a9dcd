/*
 * What the box answers: written from edge_agent/web/views by `BACKSTOCK_WRITE=1 pytest tests/screen/test_types.py`,
 * which otherwise fails when this file is not what the box says.
 */

export type Place = "shelf" | "backroom" | "hold";

export interface Items<T> {
  items: T[];
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface AsOf {
  site_id: string;
  origin_id: string;
  position: number;
}

export interface AlreadyRecorded {
  status: "already_recorded";
  key: string;
}

export interface ProblemView {
  code: string;
  detail: string;
  remedy?: string | null;
}

export interface ProductView {
  id: string;
  sku: string;
  name: string;
  category: string;
  unit: string;
  price: string | null;
  unit_cost: string | null;
  currency: string;
  lifecycle: "active" | "provisional" | "archived";
  reorder_point: string | null;
  critical_level: string | null;
  negative_policy: string | null;
  metadata: Record<string, unknown>;
  version: number[];
}

export interface BarcodeView {
  code: string;
  pack_quantity: string;
}

export interface StockView {
  on_hand: string | null;
  available: string | null;
  reserved: string | null;
  hold: string | null;
}

export interface ProductCard {
  id: string;
  sku: string;
  name: string;
  category: string;
  unit: string;
  price: string | null;
  unit_cost: string | null;
  currency: string;
  lifecycle: "active" | "provisional" | "archived";
  reorder_point: string | null;
  critical_level: string | null;
  negative_policy: string | null;
  metadata: Record<string, unknown>;
  version: number[];
  barcodes: BarcodeView[];
  stock: StockView | null;
  position?: number;
}

export interface LinkedView {
  code: string;
  product: ProductView;
  position: number;
}

export interface LevelView {
  on_hand: string | null;
  available: string | null;
  reserved: string | null;
  hold: string | null;
  product_id: string;
  sku: string;
  name: string;
  unit: string;
  locations: Record<string, string> | null;
}

export interface LevelLine {
  on_hand: string | null;
  available: string | null;
  reserved: string | null;
  hold: string | null;
  product_id: string;
  sku: string;
  name: string;
  unit: string;
  locations: Record<string, string> | null;
  on_order: string | null;
}

export interface LevelPage {
  items: LevelLine[];
  next_cursor: string | null;
  as_of: AsOf;
}

export interface KnownTo {
  position: number;
  last_heard: string | null;
  is_live: boolean;
}

export interface LevelElsewhere {
  site_id: string;
  site_name: string;
  on_hand: string | null;
  available: string | null;
  as_of: KnownTo;
}

export interface ElsewhereView {
  product_id: string;
  items: LevelElsewhere[];
  told_at: string | null;
  is_current: boolean;
}

export interface Posted {
  movement_id: string;
  position: number;
  warnings: string[];
  product_id?: string;
  level?: string | null;
  stock?: StockView | null;
}

export interface Unchanged {
  on_hand: string | null;
  available: string | null;
  reserved: string | null;
  hold: string | null;
  product_id: string;
  sku: string;
  name: string;
  unit: string;
  locations: Record<string, string> | null;
  movement_id: null;
  warnings: string[];
}

export interface RowRecorded {
  movement_id: string;
  position: number;
  warnings: string[];
  product_id?: string;
  level?: string | null;
  stock?: StockView | null;
  status: "recorded";
  replayed?: boolean;
}

export interface ShortRow {
  status: "recorded";
  movement_id: string;
  position: number;
}

export interface RowRejected {
  status: "rejected";
  code: string;
  detail: string;
  pointer: string;
}

export interface RowReplayed {
  status: "already_recorded";
  key: string;
  replayed: boolean;
}

export interface BatchView {
  results: (RowRecorded | ShortRow | RowRejected | RowReplayed)[];
  recorded: number;
}

export interface MovementView {
  movement_id: string;
  position: number;
  product_id: string;
  quantity: string | null;
  from: string | null;
  to: string | null;
  reason: string;
  occurred_at: string | null;
  document: string | null;
  lot: string | null;
  expiry: string | null;
  actor: string | null;
  key: string | null;
  command_id: string | null;
}

export interface MovementPage {
  items: MovementView[];
  next_after: number | null;
  as_of: AsOf;
}

export interface UseFirst {
  lot: string | null;
  expiry: string | null;
  location: string;
  quantity: string;
}

export interface ScanView {
  movement_id: string | null;
  position: number | null;
  product: ProductView | null;
  quantity: string;
  level: string | null;
  stock: StockView | null;
  warnings: string[];
  count_status: string | null;
  lot: string | null;
  expiry: string | null;
  is_expired: boolean;
  use_first: UseFirst | null;
  problem: ProblemView | null;
}

export interface LookUpView {
  movement_id: string | null;
  position: number | null;
  product: ProductView | null;
  quantity: string;
  level: string | null;
  stock: StockView | null;
  warnings: string[];
  count_status: string | null;
  lot: string | null;
  expiry: string | null;
  is_expired: boolean;
  use_first: UseFirst | null;
  problem: ProblemView | null;
  gtin: string | null;
  symbology: string;
  serial: string | null;
  flags: string[];
}

export interface Undone {
  movement_id: string;
  position: number;
  warnings: string[];
  product_id?: string;
  level?: string | null;
  stock?: StockView | null;
  undone: MovementView;
}

export interface SiteView {
  site_id: string;
  code: string;
  name: string;
  kind?: string;
}

export interface PlannedAction {
  kind: "add" | "set_critical_level" | "archive";
  product_id: string;
  name: string;
  quantity: string | null;
  was: string | null;
  becomes: string | null;
  needs: string;
  is_allowed: boolean;
}

export interface PlanView {
  id: string;
  status: "proposed" | "confirmed" | "undone";
  actor: string;
  made_at: string | null;
  changed_at: string | null;
  type_to_confirm: string | null;
  actions: PlannedAction[];
}

export interface TransferView {
  transfer_id: string;
  from_site: string;
  to_site: string;
  state: string;
  opened_at: string | null;
  changed_at: string | null;
}

export interface TransferLine {
  product_id: string;
  dispatched: string | null;
  received: string | null;
  missing: string | null;
}

export interface TransferSheet {
  transfer_id: string;
  from_site: string;
  to_site: string;
  state: string;
  opened_at: string | null;
  changed_at: string | null;
  lines: TransferLine[];
  position?: number;
}

export interface OrderLine {
  product_id: string;
  quantity: string | null;
  received: string | null;
}

export interface OrderView {
  order_id: string;
  number: string;
  state: string;
  vendor: string | null;
  expected_on: string | null;
  lines: OrderLine[];
}

export interface ReceiptLine {
  product_id: string;
  quantity: string | null;
  damaged: string | null;
  location: string;
  lot: string | null;
  expiry: string | null;
  reason: string | null;
  note: string | null;
  expected: string | null;
  difference: string | null;
}

export interface ReceiptView {
  receipt_id: string;
  order: string | null;
  document: string | null;
  note: string | null;
  actor: string | null;
  received_at: string | null;
  position: number;
  lines: ReceiptLine[];
}

export interface ReceiptMade {
  receipt_id: string;
  order: string | null;
  document: string | null;
  note: string | null;
  actor: string | null;
  received_at: string | null;
  position: number;
  lines: ReceiptLine[];
  movement_ids: string[];
  warnings: string[];
}

export interface ReceiptPage {
  items: ReceiptView[];
  next_before: string | null;
}

export interface AlertView {
  id: string;
  type: string;
  product_id: string | null;
  status: string;
  severity: string | null;
  available: string | null;
  opened_at: string | null;
  changed_at: string | null;
  position: number;
  actor: string | null;
  detail: string | null;
}

export interface TaskView {
  id: string;
  rule: string;
  product_id: string | null;
  status: string;
  detail: string | null;
  cause: string | null;
  opened_at: string | null;
  done_at: string | null;
}

export interface ZoneView {
  zone: string;
  state: string;
  actor: string | null;
  changed_at: string | null;
}

export interface CountLine {
  line_id: string;
  product_id: string;
  location: string;
  zone: string | null;
  counted: string;
  status: string;
  position: number;
  actor: string | null;
  expected?: string | null;
  variance?: string | null;
}

export interface LineMade {
  line_id: string;
  counted: string;
  status: string;
  position: number;
  movement_id: string | null;
  warnings: string[];
  expected?: string | null;
  variance?: string | null;
}

export interface LineNoted {
  line_id: string;
  product_id: string;
  location: string;
  zone: string | null;
  counted: string;
  status: string;
  position: number;
  actor: string | null;
  expected?: string | null;
  variance?: string | null;
  warnings: string[];
}

export interface ToCount {
  product_id: string;
  sku: string;
  name: string;
  is_counted: boolean;
}

export interface StocktakeView {
  stocktake_id: string;
  name: string;
  kind: "full" | "cycle";
  state: string;
  blind: boolean;
  opened_at: string | null;
  closed_at: string | null;
  actor: string | null;
}

export interface StocktakeSheet {
  stocktake_id: string;
  name: string;
  kind: "full" | "cycle";
  state: string;
  blind: boolean;
  opened_at: string | null;
  closed_at: string | null;
  actor: string | null;
  zones: ZoneView[];
  to_count: ToCount[];
  lines: CountLine[];
}

export interface StocktakeClosed {
  stocktake_id: string;
  name: string;
  kind: "full" | "cycle";
  state: string;
  blind: boolean;
  opened_at: string | null;
  closed_at: string | null;
  actor: string | null;
  posted: number;
  to_count_again: string[];
}

export interface PrintProblem {
  code: string;
  detail: string | null;
}

export interface PrinterView {
  name: string;
  format: string;
  dpi: number;
  width_mm: number | number;
  height_mm: number | number;
  templates: string[];
  state: string;
  jobs: number;
  labels: number;
  problem: PrintProblem | null;
}

export interface AskedView {
  job: string;
  printer: string;
  state: string;
  labels: number;
  missing_signs: string[];
}

export interface JobView {
  job: string;
  printer: string;
  template: string;
  name: string | null;
  products: number;
  state: string;
  labels: number;
  sent: number;
  perhaps_sent: number;
  doubled: number;
  attempts: number;
  problem: PrintProblem | null;
  actor: string | null;
  made_at: string | null;
  changed_at: string | null;
}

export interface Figures {
  movements: number;
  quantity: string;
  value: Record<string, string | null>;
  cost: Record<string, string | null>;
}

export interface CountFigures {
  lines: number;
  products: number;
  variance: string | null;
}

export interface BestSelling {
  product_id: string;
  name: string | null;
  quantity: string;
}

export interface DayView {
  day: string;
  is_today: boolean;
  position: number;
  as_of: AsOf;
  sales: Figures;
  returns: Figures;
  receipts: Figures;
  taken_back: number;
  deliveries: number;
  waste: Record<string, Figures>;
  transfers: Record<string, Figures>;
  corrections: Figures;
  count_variance: Figures;
  counts: Record<string, CountFigures>;
  best_selling: BestSelling[];
  people: Record<string, Record<string, number>>;
  alerts: Record<string, Record<string, number>>;
  open_tasks: Record<string, number>;
}

export interface LotView {
  product_id: string;
  lot: string | null;
  expiry: string | null;
  location: string;
  quantity: string | null;
  name: string | null;
  is_expired: boolean;
}

export interface LotList {
  items: LotView[];
  day: string;
  as_of: AsOf;
}

export interface DueView {
  product_id: string;
  sku: string;
  name: string;
  rank: string;
  due_at: string | null;
  last_counted_at: string | null;
}

export interface Feed {
  origin_id: string | null;
  position: number;
}

export interface SyncView {
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
  feed: Feed;
  feed_lag: number | null;
  as_of: AsOf;
}

export interface CheckView {
  name: string;
  result: "ok" | "warn" | "fail";
  detail: string;
  remedy: string | null;
}

export interface HealthView {
  status: "ok" | "warn" | "fail";
  checks: CheckView[];
}

export interface LiveView {
  status: "ok";
}

export interface ReadyView {
  status: "ok";
  head: number;
}

export interface PersonView {
  id: string;
  name: string;
  full_name: string;
  role: string;
  permissions: string[];
}

export interface LoggedIn {
  person: PersonView;
  expires_at: string;
}

export interface Me {
  id: string | null;
  name: string;
  full_name: string;
  role: string;
  permissions: string[] | null;
  device: string | null;
  done_by: string | null;
}

export interface ApprovalView {
  approval: string;
  expires_at: string;
  by: string;
}

export interface SessionView {
  id: string;
  person: string;
  device: string;
  started_at: string;
  used_at: string;
  expires_at: string;
  is_this: boolean;
}

export interface LastBytes {
  hex: string;
  ascii: string;
  age_ms: number | null;
}

export interface ScannerView {
  name: string;
  url: string;
  mode: string;
  state: string;
  state_age_ms: number | null;
  where: string | null;
  last_error: string | null;
  opens: number;
  losses: number;
  scans: number;
  bytes: number;
  last_scan_age_ms: number | null;
  alerts: Record<string, string>;
  last_bytes: LastBytes | null;
}

export interface Advice {
  code: string;
  text: string;
}

export interface RawOpened {
  session: number;
  kind: string;
}

export interface RawBytes {
  session: number;
  hex: string;
  ascii: string;
  advice: Advice[];
}

export interface RawFrame {
  session: number;
  hex: string;
  ascii: string;
  advice: Advice[];
  ended_by: string;
  aim: string | null;
  symbology: string | null;
  gtin: string | null;
  sku: string | null;
  lot: string | null;
  expiry: string | null;
  serial: string | null;
  flags: string[];
}

export interface RawMissed {
  events: number;
}

export interface RawData {
  state: ScannerView;
  opened: RawOpened;
  bytes: RawBytes;
  frame: RawFrame;
  missed: RawMissed;
}

export interface ScanEvent {
  movement_id: string | null;
  position: number | null;
  product: ProductView | null;
  quantity: string;
  level: string | null;
  stock: StockView | null;
  warnings: string[];
  count_status: string | null;
  lot: string | null;
  expiry: string | null;
  is_expired: boolean;
  use_first: UseFirst | null;
  problem: ProblemView | null;
  device: string;
  mode: string;
  code: string;
  beep: string;
}

export interface StockChange {
  on_hand: string | null;
  available: string | null;
  reserved: string | null;
  hold: string | null;
  product_id: string;
}

export interface StockEvent {
  position: number;
  items: StockChange[];
}

export interface ResyncEvent {
  detail: string;
}

export interface EventData {
  scan: ScanEvent;
  stock: StockEvent;
  sync: SyncView;
  resync: ResyncEvent;
}
