// Refreshes what is shown as it changes, and lets the keyboard lead. Everything works without it.
(() => {
  "use strict";
  const REFRESH_MS = 10000, NEXT_KEY_MS = 1200;
  const shortcuts = "keyvigil-shortcuts";
  let revision = null, refreshed = Date.now(), busy = false, isLive = false;

  const isField = (node) => node instanceof Element && node.matches("input, select, textarea");
  const isTouched = () => {
    if (isField(document.activeElement)) return true;
    return [...document.querySelectorAll("main input, main select")].some((field) =>
      field.type !== "hidden" && field.defaultValue !== undefined && field.value !== field.defaultValue);
  };

  const tell = () => {
    const place = document.querySelector(".asof");
    if (!place || !isLive) return;
    const seconds = Math.round((Date.now() - refreshed) / 1000);
    const text = seconds < 2 ? "updated now" : `updated ${seconds}\u202fs ago`;
    let live = place.querySelector(".live");
    if (!live) {
      live = document.createElement("span");
      live.className = "live";
      place.append(" · ", live);
    }
    live.textContent = `live, ${text}`;
  };

  const keepOpen = (before, after) => {
    const open = new Set([...before.querySelectorAll("details[open] > summary")].map((it) => it.textContent));
    for (const summary of after.querySelectorAll("details > summary")) {
      if (open.has(summary.textContent)) summary.parentElement.open = true;
    }
  };

  const swap = (before, after) => {
    if (!before || !after || before.isEqualNode(after)) return;
    if (before.contains(document.activeElement) && document.activeElement !== document.body) return;
    keepOpen(before, after);
    before.replaceWith(after);
  };

  const refresh = async () => {
    if (busy || document.hidden || isTouched() || document.querySelector("dialog[open]")) return;
    busy = true;
    try {
      const answer = await fetch(location.pathname + location.search, { redirect: "error" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = document.getElementById("main"), next = fresh.getElementById("main");
      if (!main || !next) return;
      document.title = fresh.title;
      swap(document.querySelector("link[rel=icon]"), fresh.querySelector("link[rel=icon]"));
      swap(document.querySelector(".top nav"), fresh.querySelector(".top nav"));
      const time = fresh.querySelector(".asof time");
      if (time) document.querySelector(".asof time").textContent = time.textContent;
      const [old, parts] = [[...main.children], [...next.children]];
      if (old.length === parts.length) old.forEach((part, place) => swap(part, parts[place]));
      else swap(main, next);
      refreshed = Date.now();
    } catch {
      isLive = false;
    } finally {
      busy = false;
      tell();
    }
  };

  const listen = () => {
    const source = new EventSource("/events");
    source.addEventListener("open", () => { isLive = true; });
    source.addEventListener("error", () => { isLive = false; });
    source.addEventListener("state", (event) => {
      isLive = true;
      const told = JSON.parse(event.data);
      const isNews = revision !== null && revision !== told.revision;
      revision = told.revision;
      if (isNews || REFRESH_MS <= Date.now() - refreshed) refresh();
    });
    // A page that was left is kept for "back", and would hold one of the six connections.
    addEventListener("pagehide", () => source.close(), { once: true });
  };

  const pages = { o: "/", i: "/incidents", k: "/keys", r: "/roles", h: "/health" };
  const help = [["g o", "Overview"], ["g i", "Incidents"], ["g k", "Keys"], ["g r", "Roles"],
    ["g h", "Health"], ["j", "Next row"], ["k", "Row before"], ["/", "Search"], ["?", "This help"]];

  const showHelp = () => {
    let dialog = document.querySelector("dialog");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.setAttribute("aria-label", "Keyboard");
      const list = document.createElement("dl");
      for (const [keys, what] of help) {
        const [name, text] = [document.createElement("dt"), document.createElement("dd")];
        [name.textContent, text.textContent] = [keys, what];
        list.append(name, text);
      }
      const label = document.createElement("label"), box = document.createElement("input");
      box.type = "checkbox";
      box.checked = localStorage.getItem(shortcuts) !== "off";
      box.addEventListener("change", () => localStorage.setItem(shortcuts, box.checked ? "on" : "off"));
      label.append(box, " Single keys lead to pages");
      const form = document.createElement("form"), close = document.createElement("button");
      form.method = "dialog";
      close.textContent = "Close";
      form.append(close);
      dialog.append(list, label, form);
      document.body.append(dialog);
    }
    dialog.showModal();
  };

  const step = (by) => {
    const rows = [...document.querySelectorAll("main .rows > li > a, main .list tbody th a")];
    if (!rows.length) return;
    const here = rows.indexOf(document.activeElement);
    rows[here < 0 ? (by < 0 ? rows.length - 1 : 0) : Math.min(Math.max(here + by, 0), rows.length - 1)].focus();
  };

  let leader = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    if (event.key === "?") return showHelp();
    if (localStorage.getItem(shortcuts) === "off" || document.querySelector("dialog[open]")) return;
    if (Date.now() - leader < NEXT_KEY_MS && pages[event.key]) { location.assign(pages[event.key]); return; }
    leader = event.key === "g" ? Date.now() : 0;
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
    if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
  });

  if (document.querySelector(".asof")) {
    listen();
    addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
    setInterval(tell, 1000);
    document.addEventListener("visibilitychange", refresh);
  }
})();
