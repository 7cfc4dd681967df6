// Let this browser notify: ask for leave, subscribe at its push service, tell the hub.
"use strict";

(() => {
  const find = () => document.querySelector("[data-push]");
  const session = document.body.dataset.session;
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (!able || !session) return;

  const csrf = () => document.querySelector("form.who [name=csrf]").value;

  function send(path, fields) {
    const body = new URLSearchParams({ csrf: csrf(), ...fields });
    return fetch(path, { method: "POST", body });
  }

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  }

  function same(key, subscription) {
    const had = new Uint8Array(subscription.options.applicationServerKey || []);
    const wanted = bytes(key);
    return had.length === wanted.length && had.every((one, place) => one === wanted[place]);
  }

  /** Tell the hub of a subscription; it is kept as long as this sign-in. */
  async function tell(subscription) {
    const { endpoint, keys } = subscription.toJSON();
    const response = await send("/push/subscribe", { endpoint, p256dh: keys.p256dh, auth: keys.auth });
    if (!response.ok) throw new Error((await response.text()).trim());
    localStorage.setItem("push", `${session} ${endpoint}`);
  }

  async function subscribe() {
    const worker = await navigator.serviceWorker.register("/worker.js");
    await navigator.serviceWorker.ready;
    const response = await fetch("/push/key");
    if (!response.ok) throw new Error((await response.text()).trim());
    const { key } = await response.json();
    let subscription = await worker.pushManager.getSubscription();
    // A hub that was given a new key cannot push to what was subscribed for the old one.
    if (subscription && !same(key, subscription)) {
      await subscription.unsubscribe();
      subscription = null;
    }
    if (!subscription) {
      subscription = await worker.pushManager.subscribe({
        userVisibleOnly: true,
        applicationServerKey: bytes(key),
      });
    }
    await tell(subscription);
  }

  async function unsubscribe(subscription) {
    await send("/push/unsubscribe", { endpoint: subscription.endpoint });
    await subscription.unsubscribe();
    localStorage.removeItem("push");
  }

  async function subscribed() {
    const worker = await navigator.serviceWorker.getRegistration("/");
    return worker ? worker.pushManager.getSubscription() : null;
  }

  /** Show which of the three states this browser is in: off, on, or not allowed. */
  async function show() {
    const subscription = await subscribed();
    const state = Notification.permission === "denied" ? "denied" : subscription ? "on" : "off";
    const card = find();
    for (const part of card.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state;
    card.hidden = false;
  }

  /** Do what a button says; return what went wrong, "" when nothing did. */
  async function turn(which) {
    try {
      if (which === "off") {
        const subscription = await subscribed();
        if (subscription) await unsubscribe(subscription);
      } else if ((await Notification.requestPermission()) === "granted") {
        await subscribe();
      }
    } catch (error) {
      return error.message || String(error);
    }
    return "";
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-turn]");
    if (!button) return;
    button.disabled = true;
    const wrong = await turn(button.dataset.turn);
    button.disabled = false;
    // A live update may have put another card in its place meanwhile.
    const told = find().querySelector("[data-said]");
    told.textContent = wrong && `${told.dataset.said} ${wrong}`;
    await show();
  });

  if (find()) {
    show();
    const main = document.querySelector("[data-live]");
    const again = () => find() && find().hidden && show();
    if (main) new MutationObserver(again).observe(main, { childList: true });
  }

  // Signed in anew: what this browser had subscribed is told again, without a question.
  if (Notification.permission === "granted") {
    subscribed().then((subscription) => {
      if (!subscription) return;
      if (localStorage.getItem("push") === `${session} ${subscription.endpoint}`) return;
      subscribe().catch(() => {});
    });
  }
})();
