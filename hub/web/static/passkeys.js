// Passkeys (WebAuthn): made on one's own page, used on the sign-in page.
"use strict";

(() => {
  if (!window.isSecureContext || !window.PublicKeyCredential) return;

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  }

  function text(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  async function post(path, fields) {
    const response = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
    const said = await response.json();
    if (!response.ok) throw new Error(said.error);
    return said;
  }

  function described(list) {
    return (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  }

  async function make(form) {
    const csrf = form.elements.csrf.value;
    const options = await post("/you/passkeys/options", { csrf });
    options.challenge = bytes(options.challenge);
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = described(options.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: options });
    const answer = JSON.stringify({
      id: made.id,
      rawId: text(made.rawId),
      type: made.type,
      response: {
        clientDataJSON: text(made.response.clientDataJSON),
        attestationObject: text(made.response.attestationObject),
      },
    });
    return post("/you/passkeys", { csrf, name: form.elements.name.value, answer });
  }

  async function use(form) {
    const csrf = form.elements.csrf.value;
    const options = await post("/sign-in/passkey/options", { csrf });
    options.challenge = bytes(options.challenge);
    options.allowCredentials = described(options.allowCredentials);
    const found = await navigator.credentials.get({ publicKey: options });
    const given = found.response;
    const answer = JSON.stringify({
      id: found.id,
      rawId: text(found.rawId),
      type: found.type,
      response: {
        clientDataJSON: text(given.clientDataJSON),
        authenticatorData: text(given.authenticatorData),
        signature: text(given.signature),
        userHandle: given.userHandle ? text(given.userHandle) : null,
      },
    });
    return post("/sign-in/passkey", { csrf, next: form.elements.next.value, answer });
  }

  function show() {
    for (const part of document.querySelectorAll("[data-passkey]")) part.hidden = false;
    for (const part of document.querySelectorAll("[data-no-passkey]")) part.hidden = true;
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-passkey]");
    if (!form) return;
    event.preventDefault();
    const button = form.querySelector("button");
    const told = form.querySelector("[data-said]");
    button.disabled = true;
    told.textContent = "";
    try {
      const { to } = await (form.dataset.passkey === "new" ? make(form) : use(form));
      location.assign(to);
    } catch (error) {
      // Who closes the browser's own question changed their mind; that is told as gently.
      const known = { NotAllowedError: told.dataset.ended, InvalidStateError: told.dataset.known };
      told.textContent = known[error.name] || error.message || String(error);
    }
    button.disabled = false;
  });

  show();
  // A live update puts the page's parts anew.
  const main = document.querySelector("[data-live]");
  const waits = () => document.querySelector("[data-passkey][hidden]") && show();
  if (main) new MutationObserver(waits).observe(main, { childList: true });
})();
