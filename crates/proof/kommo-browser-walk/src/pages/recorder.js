// Writes down what this page is told by the links, and what it hears from other windows.
window.told = [];
window.heard = [];
for (const name of ["connected", "waiting", "refused", "closed"]) {
  document.addEventListener(`kommo:${name}`, (event) => window.told.push(`${name} ${event.detail.code ?? ""}`.trim()));
}
window.addEventListener("message", (event) => window.heard.push(event.origin));
