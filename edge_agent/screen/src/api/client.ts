/*
 * One way to ask the box: JSON in, JSON out, every wait ends, every failure is a Problem with a code.
 * A key of the box, when it is used instead of a person's log-in, stays in this tab.
 */

export const API = "/api/v1";
const WAIT_MS = 8_000;
/** One request may need two: to adjust, and below zero. */
const APPROVALS_MAX = 3;
const KEY = "backstock.key";

/** Why the box said no, or did not say anything (`away`, status 0). */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string,
    readonly remedy: string | null = null,
    /** The operation that a manager may allow all the same. */
    readonly approvalFor: string | null = null,
    /** So many seconds until another try is worth it. */
    readonly waitS: number | null = null,
    /** Of a code that nobody knows: what of it can be linked. */
    readonly number: string | null = null,
  ) {
    super(detail);
  }

  /** Nothing was decided: the same request may work later. */
  get isAway(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429;
  }
}

export interface Asking {
  body?: unknown;
  /** Acts once, however often it is sent. */
  key?: string;
  signal?: AbortSignal;
  waitMs?: number;
  /** A status beyond 2xx whose body is the answer all the same. */
  alsoAt?: number;
  /** Whose doing it is, when it was kept and is handed in later: nobody is there then to be asked for an approval. */
  doneBy?: string | null;
}

/** Asks a manager; resolves with what allows the operation once, or null when nobody did. */
export type Approver = (operation: string) => Promise<string | null>;
let approver: Approver | null = null;

export function setApprover(asked: Approver): void {
  approver = asked;
}

type Listener = () => void;
const listeners = new Set<Listener>();

/** Called when the box no longer knows who we are. */
export function onSessionEnd(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useKey(key: string | null): void {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

/** The head that says who asks; a person's session is a cookie and needs none. */
export function credentials(): Record<string, string> {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** What a manager may allow is asked for, and sent again with the approval: the same request by the same key. */
export async function call<T>(method: string, path: string, asking: Asking = {}): Promise<T> {
  const approvals: string[] = [];
  for (;;) {
    try {
      return await send<T>(method, path, asking, approvals);
    } catch (error) {
      const canAsk = asking.doneBy === undefined && approvals.length < APPROVALS_MAX;
      const operation = canAsk && error instanceof Problem ? error.approvalFor : null;
      const approval = operation && approver ? await approver(operation) : null;
      if (!approval) throw error;
      approvals.push(approval);
    }
  }
}

async function send<T>(method: string, path: string, asking: Asking, approvals: string[]): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", ...credentials() };
  if (approvals.length > 0) headers["X-Approval"] = approvals.join(", ");
  if (asking.doneBy) headers["X-Done-By"] = asking.doneBy;
  if (asking.body !== undefined) headers["Content-Type"] = "application/json";
  if (asking.key) headers["Idempotency-Key"] = asking.key;
  const signals = [AbortSignal.timeout(asking.waitMs ?? WAIT_MS), ...(asking.signal ? [asking.signal] : [])];
  const body = asking.body === undefined ? null : JSON.stringify(asking.body);
  const answer = await reach(`${API}${path}`, { method, headers, body, signal: AbortSignal.any(signals) });
  if (answer.status === 401) for (const listener of listeners) listener();
  if (!answer.ok && answer.status !== asking.alsoAt) throw await problemOf(answer);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> =>
  call<T>("GET", path, signal ? { signal } : {});

export const post = <T>(path: string, body: unknown = {}, asking: Asking = {}): Promise<T> =>
  call<T>("POST", path, { ...asking, body });

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    throw new Problem(isLate ? "late" : "away", 0, String(error));
  }
}

interface Told {
  code?: string;
  detail?: string;
  remedy?: string;
  approval_for?: string;
  number?: string;
}

export async function problemOf(answer: Response): Promise<Problem> {
  const told = (await answer.json().catch(() => ({}))) as Told;
  const wait = Number(answer.headers.get("Retry-After"));
  return new Problem(
    told.code ?? "http", answer.status, told.detail ?? answer.statusText, told.remedy ?? null, told.approval_for ?? null, wait || null,
    told.number ?? null,
  );
}
