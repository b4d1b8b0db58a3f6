// Opens the consent window from any link `<a data-kommo="connect" href=".../start">`, and tells the page how it ended:
// the link dispatches `kommo:connected`, `kommo:waiting`, `kommo:refused` (detail.code says why) or `kommo:closed`.
// Without this script, or where windows are blocked, the link works by itself.
(() => {
  "use strict";
  const platformOrigin = {{platform_origin}};
  const ownOrigin = {{own_origin}};
  const callback = new URL({{callback}});
  const defaultMode = {{mode}};
  const width = 750;
  const height = 580;
  const roundsToBeHeard = 4;

  // The consent under way: its window, its link, its mode, and the watch for a window that just closes.
  let current = null;

  function end(name, detail) {
    const { link, consent, watch } = current;
    clearInterval(watch);
    current = null;
    if (!consent.closed) consent.close();
    return tell(link, name, detail);
  }

  function tell(link, name, detail) {
    return link.dispatchEvent(new CustomEvent(`kommo:${name}`, { bubbles: true, cancelable: true, detail }));
  }

  function begin(link) {
    const address = new URL(link.href, document.baseURI);
    const mode = link.dataset.kommoMode || defaultMode;
    address.searchParams.set("mode", mode);
    if (current && !current.consent.closed) {
      current.consent.focus();
      return true;
    }
    const left = Math.round(window.screenX + Math.max(0, (window.outerWidth - width) / 2));
    const top = Math.round(window.screenY + Math.max(0, (window.outerHeight - height) / 2));
    const features = `popup,width=${width},height=${height},left=${left},top=${top}`;
    const consent = window.open(address.href, "_blank", features);
    if (!consent) return false;
    if (current) clearInterval(current.watch);
    // A window that speaks and closes at once may be seen closed before it is heard. It gets some more rounds, and what it
    // said counts even after that.
    let roundsClosed = 0;
    const watch = setInterval(() => {
      if (!consent.closed) return;
      roundsClosed += 1;
      if (roundsClosed <= roundsToBeHeard) return;
      clearInterval(watch);
      tell(link, "closed", {});
    }, 500);
    current = { link, consent, mode, watch };
    return true;
  }

  function fromPlatform(data) {
    if (typeof data.error === "string") {
      end("refused", { code: data.error === "access_denied" ? "access-denied" : "error-unknown" });
      return;
    }
    if (typeof data.url !== "string") return;
    let address;
    try {
      address = new URL(data.url);
    } catch {
      return;
    }
    // Nowhere but back to the callback.
    if (address.origin !== callback.origin || address.pathname !== callback.pathname) return;
    const { consent, watch } = current;
    clearInterval(watch);
    current = null;
    if (!consent.closed) consent.close();
    window.location.assign(address.href);
  }

  function fromOwnPage(data) {
    if (data.kommo !== "consent" || !["connected", "waiting", "refused"].includes(data.outcome)) return;
    const { link } = current;
    const goOn = end(data.outcome, { code: String(data.code) });
    const next = link.dataset.kommoNext;
    if (!goOn || data.outcome !== "connected" || !next) return;
    const address = new URL(next, document.baseURI);
    if (address.origin === window.location.origin) window.location.assign(address.href);
  }

  window.addEventListener("message", (event) => {
    // Only the window that was opened here has a say, and only from the one origin that its mode speaks from. A window that
    // is gone by now has no source any more.
    if (!current || (event.source !== current.consent && event.source !== null)) return;
    if (typeof event.data !== "object" || event.data === null) return;
    if (current.mode === "popup" && event.origin === platformOrigin) fromPlatform(event.data);
    if (current.mode === "post_message" && event.origin === ownOrigin) fromOwnPage(event.data);
  });

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[data-kommo=connect]") : null;
    if (link && begin(link)) event.preventDefault();
  });
})();
