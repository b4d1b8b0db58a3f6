// Shows how consents ended. `connected` goes on to `data-kommo-next` unless the event is cancelled.
"use strict";
const log = document.querySelector("[data-kommo=events]");
for (const name of ["connected", "waiting", "refused", "closed"]) {
  document.addEventListener(`kommo:${name}`, (event) => {
    log.textContent += `${name} ${event.detail.code ?? ""}\n`;
  });
}
