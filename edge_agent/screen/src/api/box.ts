/* The calls of the box's API that the screen makes, each by its name. */
import { call, get, post, type Asking } from "./client";
import type * as t from "./types";

export interface Credentials {
  username?: string;
  password?: string;
  pin?: string;
  badge?: string;
}

const seg = encodeURIComponent;

export const box = {
  me: () => get<t.Me>("/me"),
  logIn: (who: Credentials) => post<{ person: t.Me; expires_at: string }>("/auth/login", who),
  logOut: () => call<void>("POST", "/auth/logout"),
  approve: (who: Credentials & { for: string }) => post<{ approval: string; by: string }>("/approvals", who),

  sync: (device?: string) => get<t.Sync>(device ? `/sync?device=${seg(device)}` : "/sync"),
  health: () => get<t.Health>("/health"),

  search: (q: string, signal?: AbortSignal) => get<t.Levels>(`/inventory?limit=30&q=${seg(q)}`, signal),
  level: (id: string) => get<t.Levels>(`/inventory?product_id=${seg(id)}`),
  product: (id: string) => get<t.ProductCard>(`/products/${seg(id)}`),
  history: (id: string, after = 0) => get<t.Movements>(`/inventory/products/${seg(id)}/history?after=${after}&limit=500`),
  create: (body: object, key: string) => post<t.ProductCard>("/products", body, { key }),
  link: (code: string, product_id: string, pack_quantity: string) =>
    post<{ code: string; product: t.Product }>("/barcode/link", { code, product_id, pack_quantity }),

  lookUp: (code: string) => post<t.LookUp>("/barcode/scan", { code }),
  scan: (body: object, asking: Asking) => post<t.ScanAnswer>("/scans", body, asking),
  adjust: (body: object, asking: Asking) => post<{ level?: string; stock?: t.Stock; warnings: string[] }>("/inventory/adjust", body, asking),
  move: (movements: object[], asking: Asking) => post<{ recorded: number }>("/inventory/movements", { movements }, asking),

  stocktakes: () => get<t.Items<t.Stocktake>>("/stocktakes"),
  stocktake: (id: string) => get<t.StocktakeSheet>(`/stocktakes/${seg(id)}`),
  beginCount: (body: object, key: string) => post<t.Stocktake>("/stocktakes", body, { key }),
  closeCount: (id: string) => post<t.Stocktake>(`/stocktakes/${seg(id)}/close`),

  orders: () => get<t.Items<t.Order>>("/purchase-orders"),
  receive: (body: object, key: string) => post<t.Receipt>("/receipts", body, { key }),

  sites: () => get<t.Items<t.Site>>("/sites"),
  transfers: () => get<t.Items<t.Transfer>>("/transfers"),
  transfer: (id: string) => get<t.TransferSheet>(`/transfers/${seg(id)}`),
  dispatch: (body: object, key: string) => post<t.TransferSheet>("/transfers", body, { key }),
  step: (id: string, step: string, body: object, key: string) =>
    post<t.TransferSheet>(`/transfers/${seg(id)}/${step}`, body, { key }),

  alerts: () => get<t.Items<t.Alert>>("/alerts?open=true"),
  acknowledge: (id: string) => post<t.Alert>(`/alerts/${seg(id)}/acknowledge`),
  resolve: (id: string) => post<t.Alert>(`/alerts/${seg(id)}/resolve`),
  tasks: () => get<t.Items<t.Task>>("/tasks"),
  finish: (id: string) => post<t.Task>(`/tasks/${seg(id)}/done`),
};
