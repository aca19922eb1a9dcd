/*
 * Keeps the shell of the screen, so that it opens while the box is away; what it shows comes from the API
 * only. Parts that are fetched on demand (the camera's reader) are kept once they were used. A new build has other
 * file names here, hence another worker, which takes over at the next opening.
 */
const worker = self as unknown as ServiceWorkerGlobalScope;

/** Written by the build: every file of the shell, by a name that changes with what is in it. */
declare const __SHELL__: string[];
const SHELL = __SHELL__;
const NAME = SHELL.join(" ");

worker.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => cache.addAll(SHELL.map((path) => new Request(path, { cache: "reload" }))))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  );
});

worker.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== worker.location.origin) return;
  if (pathname === "/") event.respondWith(fresh(event.request));
  else if (SHELL.includes(pathname)) event.respondWith(kept(event.request));
  else if (pathname.startsWith("/assets/")) event.respondWith(keptOnceUsed(event.request));
});

/** The page itself: the box's if it answers soon, else the one that was kept. */
async function fresh(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(2_000) });
  } catch {
    return kept(request);
  }
}

async function keptOnceUsed(request: Request): Promise<Response> {
  const found = await kept(request);
  if (found.ok) await (await caches.open(NAME)).put(request, found.clone());
  return found;
}

async function kept(request: Request): Promise<Response> {
  return (await caches.match(request, { cacheName: NAME, ignoreSearch: true })) ?? fetch(request);
}
