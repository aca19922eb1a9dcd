/* The calls of the box's API that the screen makes, each by its name. */
import { call, get, post, type Asking } from "./client";
import type * as t from "./views";

export interface Credentials {
  username?: string;
  password?: string;
  pin?: string;
  badge?: string;
  /** The scanner of the box that has just read a badge for this screen. */
  badge_at?: string;
  device?: string;
}

const seg = encodeURIComponent;
/** A whole store is posted bit by bit; whoever is cut off goes on with another call. */
const CLOSING_MS = 120_000;

export const box = {
  me: () => get<t.Me>("/me"),
  logIn: (who: Credentials) => post<t.LoggedIn>("/auth/login", who),
  logOut: () => call<void>("POST", "/auth/logout"),
  approve: (operation: string, who: Credentials) => post<t.ApprovalView>("/approvals", { ...who, for: operation }),
  setPin: (pin: string, proof: { password?: string; old_pin?: string }) => call<void>("PUT", "/me/pin", { body: { pin, ...proof } }),
  sessions: () => get<t.Items<t.SessionView>>("/sessions"),
  endSession: (id: string) => call<void>("DELETE", `/sessions/${seg(id)}`),
  pair: (scanner: string) => call<void>("PUT", `/scanners/${seg(scanner)}/screen`, { body: {} }),

  sync: (device?: string) => get<t.SyncView>(device ? `/sync?device=${seg(device)}` : "/sync"),
  /** 503 when staff should not rely on the box: then it matters most what it says of itself. */
  health: () => call<t.HealthView>("GET", "/health", { alsoAt: 503 }),

  search: (q: string, signal?: AbortSignal) => get<t.LevelPage>(`/inventory?limit=30&q=${seg(q)}`, signal),
  level: (id: string) => get<t.LevelPage>(`/inventory?product_id=${seg(id)}`),
  elsewhere: (id: string) => get<t.ElsewhereView>(`/inventory/products/${seg(id)}/elsewhere`),
  product: (id: string) => get<t.ProductCard>(`/products/${seg(id)}`),
  history: (id: string, after = 0) => get<t.MovementPage>(`/inventory/products/${seg(id)}/history?after=${after}&limit=500`),
  create: (body: object, key: string) => post<t.ProductCard>("/products", body, { key }),
  link: (code: string, product_id: string, pack_quantity: string) =>
    post<{ code: string; product: t.ProductView }>("/barcode/link", { code, product_id, pack_quantity }),

  lookUp: (code: string) => post<t.LookUpView>("/barcode/scan", { code }),
  scan: (body: object, asking: Asking) => post<t.ScanView>("/scans", body, asking),
  undo: (position: number) => post<t.Undone>("/scans/undo", { position }),
  day: () => get<t.DayView>("/reports/day"),
  printers: () => get<t.Items<t.PrinterView>>("/printers"),
  print: (body: object, key: string) => post<t.AskedView>("/labels", body, { key }),
  jobs: () => get<t.Items<t.JobView>>("/labels?limit=8"),
  cancelJob: (id: string) => post<t.JobView>(`/labels/${seg(id)}/cancel`),
  scanners: () => get<t.Items<t.ScannerView>>("/scanners"),
  setMode: (name: string, mode: string) => call<t.ScannerView>("PUT", `/scanners/${seg(name)}/mode`, { body: { mode } }),
  adjust: (body: object, asking: Asking) => post<t.Posted | t.Unchanged>("/inventory/adjust", body, asking),
  move: (movements: object[], asking: Asking) => post<{ recorded: number }>("/inventory/movements", { movements }, asking),

  stocktakes: () => get<t.Items<t.StocktakeView>>("/stocktakes"),
  stocktake: (id: string) => get<t.StocktakeSheet>(`/stocktakes/${seg(id)}`),
  beginCount: (body: object, key: string) => post<t.StocktakeView>("/stocktakes", body, { key }),
  lots: (id: string) => get<t.LotList>(`/inventory/lots?product_id=${seg(id)}`),
  ending: () => get<t.LotList>("/inventory/lots?limit=500"),
  countPlan: () => get<t.Items<t.DueView>>("/count-plan"),
  takeZone: (id: string, zone: string, take_over: boolean) => post<t.ZoneView>(`/stocktakes/${seg(id)}/zones`, { zone, take_over }),
  zoneDone: (id: string, zone: string) => post<t.ZoneView>(`/stocktakes/${seg(id)}/zones/done`, { zone }),
  withdraw: (id: string, line: string) => post<t.StocktakeSheet>(`/stocktakes/${seg(id)}/lines/${seg(line)}/withdraw`),
  closeCount: (id: string, body: object) => post<t.StocktakeClosed>(`/stocktakes/${seg(id)}/close`, body, { waitMs: CLOSING_MS }),

  orders: () => get<t.Items<t.OrderView>>("/purchase-orders"),
  receive: (body: object, key: string) => post<t.ReceiptMade>("/receipts", body, { key }),

  sites: () => get<t.Items<t.SiteView>>("/sites"),
  transfers: () => get<t.Items<t.TransferView>>("/transfers"),
  transfer: (id: string) => get<t.TransferSheet>(`/transfers/${seg(id)}`),
  dispatch: (body: object, key: string) => post<t.TransferSheet>("/transfers", body, { key }),
  step: (id: string, step: string, body: object, key: string) =>
    post<t.TransferSheet>(`/transfers/${seg(id)}/${step}`, body, { key }),

  alerts: () => get<t.Items<t.AlertView>>("/alerts?open=true"),
  acknowledge: (id: string) => post<t.AlertView>(`/alerts/${seg(id)}/acknowledge`),
  resolve: (id: string) => post<t.AlertView>(`/alerts/${seg(id)}/resolve`),
  tasks: () => get<t.Items<t.TaskView>>("/tasks"),
  finish: (id: string) => post<t.TaskView>(`/tasks/${seg(id)}/done`),
};
