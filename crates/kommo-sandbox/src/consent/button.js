// The consent button of a sandbox: draws a button where its script tag stands, opens the consent window, and does what
// the window says. The attributes are those of the platform's own script.
(() => {
  "use strict";
  const tag = document.currentScript || document.querySelector("script.kommo_oauth, script.amocrm_oauth");
  if (!tag) return;
  const given = tag.dataset;
  const amocrm = tag.classList.contains("amocrm_oauth");

  const locale = given.locale || "en";
  const titles = {
    en: "Continue with Kommo", es: "Continuar con Kommo", pt: "Continuar com o Kommo", id: "Lanjutkan dengan Kommo",
  };
  const paths = { en: "/oauth", es: "/es/oauth/", pt: "/br/oauth/", id: "/id/oauth/" };
  const colors = {
    default: "#339DC7", blue: "#1976D2", violet: "#6A1B9A", green: "#388E3C", orange: "#F57F17", red: "#D84315",
  };

  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const state = given.state || random();

  function consentAddress() {
    const address = new URL(amocrm ? "/oauth" : paths[locale] || "/oauth", tag.src);
    const query = address.searchParams;
    query.set("state", state);
    query.set("mode", given.mode || "popup");
    query.set("origin", window.location.origin);
    if (given.clientId) {
      query.set("client_id", given.clientId);
      return address.href;
    }
    // Attributes with an underscore keep it in the dataset.
    for (const name of ["name", "description", "redirect_uri", "secrets_uri", "logo"]) {
      if (given[name]) query.set(name, given[name]);
    }
    for (const scope of (given.scopes || "").split(",")) {
      if (scope.trim()) query.append("scopes[]", scope.trim());
    }
    return address.href;
  }

  function draw() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = given.className || (amocrm ? "amocrm-oauth" : "kommo-oauth");
    const title = given.title || (amocrm ? "Войти через amoCRM" : titles[locale] || titles.en);
    button.textContent = given.compact === "true" ? (amocrm ? "amo" : "K") : title;
    button.setAttribute("aria-label", title);
    const dark = given.theme === "dark";
    button.style.background = amocrm ? colors[given.color] || colors.default : dark ? "#1d2227" : "#fff";
    button.style.color = amocrm || dark ? "#fff" : "#1d2227";
    button.style.border = amocrm ? "0" : "1px solid #8888";
    button.style.borderRadius = "4px";
    button.style.padding = "10px 18px";
    button.style.font = "16px system-ui, sans-serif";
    button.style.cursor = "pointer";
    button.addEventListener("click", open);
    tag.after(button);
  }

  let consent = null;
  function open() {
    const left = window.screenX + Math.max(0, (window.outerWidth - 750) / 2);
    const top = window.screenY + Math.max(0, (window.outerHeight - 580) / 2);
    const features = `popup,width=750,height=580,left=${Math.round(left)},top=${Math.round(top)}`;
    consent = window.open(consentAddress(), "kommo_oauth", features);
  }

  window.addEventListener("message", (event) => {
    // Only the window that this button opened has a say.
    if (!consent || event.source !== consent || typeof event.data !== "object" || event.data === null) return;
    if (event.data.error) {
      const callback = given.errorCallback && window[given.errorCallback];
      if (typeof callback === "function") callback({ client_id: event.data.client_id, error: event.data.error });
    } else if (typeof event.data.url === "string" && /^https?:\/\//.test(event.data.url)) {
      window.location.href = event.data.url;
    }
  });

  draw();
})();
