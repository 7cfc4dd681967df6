// Live updates, steppers and forms without a reload. Every page works without this file too.
"use strict";

document.documentElement.classList.add("js");

const live = () => document.querySelector("[data-live]");
let loading = null;
let again = false;

/** Mark what differs from the offer as it came, and say what the button will do. */
function weigh(form) {
  const fields = [...form.querySelectorAll("[data-was]")];
  const changed = fields.some((field) => field.value !== field.dataset.was);
  const button = form.querySelector("[data-changed]");
  if (button) button.textContent = changed ? button.dataset.changed : button.dataset.same;
  const card = form.closest("[data-card]");
  form.classList.toggle("changed", changed);
  if (card) card.toggleAttribute("data-dirty", card.querySelector("form.changed") !== null);
}

/** Carry over what a member has begun to fill in. */
function keep(field, twin) {
  if (field.type === "checkbox" || field.type === "radio") {
    if (field.checked !== field.defaultChecked) twin.checked = field.checked;
  } else if (field.matches("select")) {
    if (field.selectedOptions[0] && !field.selectedOptions[0].defaultSelected) twin.value = field.value;
  } else if (field.type !== "hidden" && field.value !== field.defaultValue) {
    twin.value = field.value;
  }
}

/** Put a freshly loaded page's content in place; keep what a member is just changing. */
function show(page, withTold) {
  const next = page.querySelector("[data-live]");
  const current = live();
  if (!next || !current) {
    location.reload();
    return;
  }
  const focused = document.activeElement && document.activeElement.id;
  for (const details of current.querySelectorAll("details[id]")) {
    const twin = next.querySelector("#" + CSS.escape(details.id));
    if (twin) twin.open = details.open;
  }
  for (const card of current.querySelectorAll("[data-dirty]")) {
    const twin = next.querySelector("#" + CSS.escape(card.id));
    if (twin && twin.dataset.stamp === card.dataset.stamp) twin.replaceWith(card);
  }
  for (const field of withTold ? [] : current.querySelectorAll("form:not(.offer-form) [id]")) {
    const twin = field.matches("input, select, textarea") && next.querySelector("#" + CSS.escape(field.id));
    if (twin) keep(field, twin);
  }
  current.replaceChildren(...next.childNodes);
  document.title = page.title;
  if (focused) {
    const field = document.getElementById(focused);
    if (field) field.focus({ preventScroll: true });
  }
  if (withTold) {
    const told = document.querySelector("[data-told]");
    const news = page.querySelector("[data-told]");
    if (told && news) {
      told.replaceChildren(...news.childNodes);
      if (told.childElementCount) told.scrollIntoView({ block: "nearest" });
    }
  }
}

async function parsed(response) {
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Ask for the page once more; while one request is under way only one more is remembered. */
async function refresh() {
  if (loading) {
    again = true;
    return;
  }
  do {
    again = false;
    loading = fetch(location.href, { headers: { Accept: "text/html", "X-Live": "1" } });
    try {
      const response = await loading;
      if (response.ok) show(await parsed(response), false);
    } catch {
      // The hub is away; the stream's next event asks again.
    }
    loading = null;
  } while (again);
}

document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (!step) return;
  const field = step.parentElement.querySelector("input");
  const wanted = (Number(field.value) || 0) + Number(step.dataset.step);
  field.value = String(Math.min(Number(field.max), Math.max(Number(field.min), wanted)));
  weigh(field.form);
});

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form && form.classList.contains("offer-form")) weigh(form);
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-answer]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  const card = form.closest("[data-card]");
  const buttons = (card || form).querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  form.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    if (card) card.removeAttribute("data-dirty");
    if (response.ok) {
      show(await parsed(response), true);
    } else {
      location.reload();
    }
  } catch {
    for (const button of buttons) button.disabled = false;
    form.removeAttribute("aria-busy");
    const told = document.querySelector("[data-told]");
    const line = document.createElement("p");
    line.className = "told bad";
    line.textContent = document.documentElement.dataset.away;
    told.replaceChildren(line);
  }
});

/** Ask, a moment after the last key, what is wrong with the text, and say it with its place. */
let checking = 0;
document.addEventListener("input", (event) => {
  const source = event.target.closest("[data-check]");
  if (!source) return;
  clearTimeout(checking);
  checking = setTimeout(async () => {
    const body = new URLSearchParams({ csrf: source.form.elements.csrf.value, text: source.value });
    let found;
    try {
      const response = await fetch(source.dataset.check, { method: "POST", body });
      if (!response.ok) return;
      found = (await response.json()).problems;
    } catch {
      return;
    }
    const list = document.createElement(found.length ? "ul" : "p");
    list.className = found.length ? "mistakes" : "good";
    if (!found.length) list.textContent = source.dataset.right;
    for (const one of found) {
      const line = document.createElement("li");
      const place = document.createElement("a");
      place.href = "#source";
      place.dataset.goto = `${one.line}:${one.column}`;
      place.textContent = `${source.dataset.line} ${one.line}, ${one.column}`;
      line.append(place, " ", one.message);
      list.append(line);
    }
    document.getElementById("mistakes").replaceChildren(list);
    source.setAttribute("aria-invalid", String(found.length > 0));
  }, 300);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Without https there is no clipboard but this.
    if (!document.execCommand("copy")) return;
  }
  button.textContent = button.dataset.copied;
});

document.addEventListener("click", (event) => {
  const place = event.target.closest("[data-goto]");
  if (!place) return;
  event.preventDefault();
  const source = document.getElementById("source");
  const [line, column] = place.dataset.goto.split(":").map(Number);
  const before = source.value.split("\n").slice(0, line - 1);
  const at = before.join("\n").length + (before.length ? 1 : 0) + column - 1;
  source.focus();
  source.setSelectionRange(at, at + 1);
});

if ("serviceWorker" in navigator) navigator.serviceWorker.register("/worker.js").catch(() => {});

if (document.documentElement.hasAttribute("data-kept")) {
  const told = document.querySelector("[data-told]");
  const line = document.createElement("p");
  line.className = "told bad";
  line.textContent = document.documentElement.dataset.old;
  if (told) told.replaceChildren(line);
  for (const button of document.querySelectorAll("main button")) button.disabled = true;
}

const zone = document.querySelector("[data-zone]");
if (zone && zone.value === "UTC") zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What tells the time is asked for again each minute. */
setInterval(() => {
  if (!document.hidden && document.querySelector(".now")) refresh();
}, 60000);

let stream = null;
let retry = 0;

/** Listen while the page can be seen: a forgotten tab costs the hub nothing. */
function listen() {
  clearTimeout(retry);
  if (document.hidden) {
    if (stream) stream.close();
    stream = null;
    return;
  }
  if (stream || !live()) return;
  stream = new EventSource("/events");
  stream.addEventListener("open", () => {
    document.documentElement.dataset.stream = "on";
    refresh();
  });
  stream.addEventListener("change", refresh);
  stream.addEventListener("error", () => {
    document.documentElement.dataset.stream = "off";
    if (stream && stream.readyState === EventSource.CLOSED) {
      stream = null;
      retry = setTimeout(listen, 15000);
    }
  });
}

document.addEventListener("visibilitychange", listen);
addEventListener("pagehide", () => {
  if (stream) stream.close();
  stream = null;
});
addEventListener("pageshow", listen);
listen();
