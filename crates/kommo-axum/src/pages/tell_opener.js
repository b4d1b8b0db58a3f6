
"use strict";
(() => {
  // The code goes from the address bar and from the history, should this window stay.
  window.history.replaceState(null, "", window.location.pathname);
  const { kommoOutcome: outcome, kommoCode: code, kommoOpener: origin } =
    document.querySelector("[data-kommo=outcome]").dataset;
  if (!window.opener || window.opener.closed) return;
  // The exact origin: if another page took the opener's place, the browser drops the message.
  window.opener.postMessage({ kommo: "consent", outcome, code }, origin);
  window.close();
})();
