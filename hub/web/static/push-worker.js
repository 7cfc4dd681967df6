// Web Push in the service worker: show, replace, take back, and carry a button's answer home.
"use strict";

const PUSH_WORDS = {
  en: { away: "The hub cannot be reached. Nothing was sent; try again." },
  zh: { away: "无法连接到家庭中枢。没有发送任何内容，请重试。" },
};

function pushWord(name) {
  const chinese = (navigator.language || "").toLowerCase().startsWith("zh");
  return PUSH_WORDS[chinese ? "zh" : "en"][name];
}

let busy = Promise.resolve();

/** Show and list one after the other: asked what is shown, Chromium forgets what it is just showing. */
function inTurn(work) {
  const mine = busy.then(work);
  busy = mine.catch(() => undefined);
  return mine;
}

/** Show what was pushed in place of what has the same tag; an answered question goes. */
async function pushed(said) {
  const over = Boolean(said.withdraw) || (said.expires !== undefined && said.expires <= Date.now());
  // Browsers want each push to be seen: a silent one takes the question's place, and then goes.
  await raise(said, { quiet: over || !said.urgent, actions: over ? [] : said.actions });
  if (over) await lower(said.tag);
}

/** Take back what is shown under a tag. A browser may list what it has just shown a moment later. */
async function lower(tag) {
  for (let tries = 0; tries < 20; tries += 1) {
    const shown = await self.registration.getNotifications({ tag });
    for (const one of shown) one.close();
    if (shown.length) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function raise(said, { quiet, actions, body }) {
  return self.registration.showNotification(said.title || "Commonhearth", {
    body: body === undefined ? said.body : body,
    tag: said.tag || "hub",
    icon: "/static/hearth.svg",
    silent: quiet,
    renotify: !quiet,
    requireInteraction: !quiet && Boolean(actions && actions.length),
    actions: (actions || []).map((one) => ({ action: one.verb, title: one.label })),
    data: said,
  });
}

/** Answer as the button says. Its token is all that is needed: signed, for one use. */
async function answered(said, verb) {
  const action = (said.actions || []).find((one) => one.verb === verb);
  if (!action) return opened(said);
  let outcome;
  try {
    const response = await fetch("/a/" + encodeURIComponent(action.token), {
      method: "POST",
      credentials: "omit",
      headers: { Accept: "text/plain", "X-Answered-In": "webpush" },
    });
    outcome = (await response.text()).trim().slice(0, 500);
  } catch {
    return inTurn(() =>
      raise(said, { quiet: true, actions: said.actions, body: pushWord("away") }));
  }
  return inTurn(() =>
    raise({ ...said, actions: [] }, { quiet: true, actions: [], body: outcome }));
}

/** Bring the page it is about to the front, in a window that is open or in a new one. */
async function opened(said) {
  const page = new URL(said.link || "/", self.location.origin);
  // The hub has several names at home; the one this browser knows is the one it is signed in at.
  const address = new URL(page.pathname + page.search, self.location.origin).href;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const same = windows.find((one) => one.url === address);
  if (same) return same.focus();
  return self.clients.openWindow(address);
}

self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data.json();
  } catch {
    // Not from this hub; the browser still wants something to be shown.
  }
  event.waitUntil(inTurn(() => pushed(said)));
});

self.addEventListener("notificationclick", (event) => {
  const said = event.notification.data || {};
  event.notification.close();
  event.waitUntil(event.action ? answered(said, event.action) : opened(said));
});
