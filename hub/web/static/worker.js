// Reading while the hub is away: pages that were seen are kept, actions and live updates never.
"use strict";

importScripts("/static/push-worker.js");

const PAGES = "pages-1";
const PARTS = "parts-1";
const MOST = 40;

self.addEventListener("install", (event) => {
  const begin = async () => {
    const cache = await caches.open(PARTS);
    await cache.add("/offline");
    const page = await (await cache.match("/offline")).text();
    const parts = [...page.matchAll(/"(\/static\/[^"]+)"/g)].map((match) => match[1]);
    await cache.addAll([...new Set(parts)]);
    await self.skipWaiting();
  };
  event.waitUntil(begin());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const kept = new Set([PAGES, PARTS]);
    for (const name of await caches.keys()) if (!kept.has(name)) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

/** Keep a page under its address; the oldest go when there are too many. */
async function keep(request, response) {
  const cache = await caches.open(PAGES);
  await cache.delete(request.url);
  await cache.put(request.url, response);
  const keys = await cache.keys();
  for (const old of keys.slice(0, Math.max(0, keys.length - MOST))) await cache.delete(old);
}

async function page(event) {
  const { request } = event;
  try {
    const response = await fetch(request);
    const path = new URL(response.url).pathname;
    if (path === "/sign-in") {
      await caches.delete(PAGES);
    } else if (response.ok && !response.redirected && readable(path)) {
      event.waitUntil(keep(request, response.clone()));
    }
    return response;
  } catch (error) {
    const kept = await (await caches.open(PAGES)).match(request.url);
    if (!kept) return (await caches.match("/offline")) || Response.error();
    const text = (await kept.text()).replace("<html ", "<html data-kept ");
    return new Response(text, { headers: kept.headers });
  }
}

/** Links that act, codes and topics are never kept. */
function readable(path) {
  return !/^\/(a|calendar|you|welcome|sign-in|api|events)(\/|$)/.test(path);
}

async function part(request) {
  const cache = await caches.open(PARTS);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) {
    const path = new URL(request.url).pathname;
    for (const old of await cache.keys()) {
      if (new URL(old.url).pathname === path) await cache.delete(old);
    }
    await cache.put(request, response.clone());
  }
  return response;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  // Signed out: what was kept was for whoever was signed in.
  if (url.pathname === "/sign-out") event.waitUntil(caches.delete(PAGES));
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (url.pathname.startsWith("/static/") && url.search) event.respondWith(part(request));
});
