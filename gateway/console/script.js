// What a page does beyond links and forms; every page works without it.
// Keys, rows that are ticked together, and parts that are looked at again when something happened.
"use strict";

(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const dialog = document.getElementById("keys");
  let led = false; // "g" was pressed, a number may follow

  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const here = all.indexOf(document.activeElement?.closest("[data-row]"));
    const next = here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by;
    const row = all[Math.max(0, Math.min(all.length - 1, next))];
    (row.querySelector("a[href]") ?? row).focus();
    row.scrollIntoView({ block: "nearest" });
  };

  const keys = {
    "/": () => document.querySelector("[data-search]")?.focus(),
    j: () => step(1),
    k: () => step(-1),
    x: () => document.activeElement?.closest("[data-row]")?.querySelector("input[type=checkbox]")?.click(),
    "?": () => dialog?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog?.open) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    if (led && /^[1-9]$/.test(event.key)) {
      document.querySelectorAll("header nav a")[Number(event.key) - 1]?.click();
    } else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
    led = event.key === "g";
  });

  document.querySelector(".keys-hint")?.removeAttribute("hidden");

  // "All of them" in a table's head ticks the rows of this page, and no others.
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-tick-all]")) return;
    for (const box of event.target.form.querySelectorAll("[data-row] input[type=checkbox]")) {
      box.checked = event.target.checked;
    }
  });
  for (const box of document.querySelectorAll("[data-tick-all]")) box.hidden = false;

  // What a box could go on with, asked for as it is typed: `data-suggest` is where, its list takes them.
  for (const box of document.querySelectorAll("[data-suggest]")) {
    let later = 0;
    let asked = box.value;
    box.addEventListener("input", () => {
      clearTimeout(later);
      later = setTimeout(async () => {
        if (box.value === asked) return;
        const q = (asked = box.value);
        try {
          const answer = await fetch(`${box.dataset.suggest}?q=${encodeURIComponent(q)}`);
          if (!answer.ok || answer.redirected || box.value !== q) return;
          const options = (await answer.json()).map((value) => {
            const option = document.createElement("option");
            option.value = value;
            return option;
          });
          box.list?.replaceChildren(...options);
        } catch {
          // The gateway is away: the box works without.
        }
      }, 200);
    });
  }

  // `[data-live]` elements, which have an id, take their new content from the page as it is now;
  // one that is being worked with (it holds the focus, or a tick) is left alone.
  const busy = (part) => part.contains(document.activeElement) || part.querySelector("input:checked");
  const refresh = async () => {
    const answer = await fetch(location.href, { headers: { "Budkavle-Live": "1" } });
    if (!answer.ok || answer.redirected) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(part.id);
      if (now && !busy(part) && now.innerHTML !== part.innerHTML) part.innerHTML = now.innerHTML;
    }
    return true;
  };

  const source = document.body.dataset.liveFrom;
  if (source) {
    const news = new EventSource(source);
    let asking = false;
    let again = false;
    let opened = false;
    const look = async () => {
      again = asking;
      if (asking || document.hidden) return;
      asking = true;
      try {
        if (!(await refresh())) news.close();
      } catch {
        // The gateway is away: the source connects again by itself.
      } finally {
        asking = false;
        if (again) look();
      }
    };
    news.addEventListener("changed", look);
    // What happened while nobody listened, or looked, is not told again.
    news.addEventListener("open", () => (opened ? look() : (opened = true)));
    document.addEventListener("visibilitychange", look);
    addEventListener("pagehide", () => news.close());
  }
})();
