
"use strict";
(() => {
  const { kommoOutcome: outcome, kommoCode: code, kommoOpener: origin } =
    document.querySelector("[data-kommo=outcome]").dataset;
  if (!window.opener || window.opener.closed) return;
  // The exact origin: if another page took the opener's place, the browser drops the message.
  window.opener.postMessage({ kommo: "consent", outcome, code }, origin);
  window.close();
})();
