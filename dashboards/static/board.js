// Keeps the board as it is now: what is at work from server-sent events, the lines when one of them has changed.
"use strict";

(() => {
  const strip = document.getElementById("at-work");
  const list = strip.querySelector("ul");
  const lines = document.getElementById("lines");
  const most = 8;
  let changedAt, versions = "", runs = [];

  const lasted = (since) => {
    const minutes = Math.floor((Date.now() - Date.parse(since)) / 60000);
    if (minutes < 1) return "just begun";
    if (minutes < 60) return `${minutes} min`;
    return minutes < 2880 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 1440)} days`;
  };
  const element = (name, words, more = {}) => Object.assign(document.createElement(name), { textContent: words, ...more });

  const show = () => {
    strip.hidden = runs.length === 0;
    list.replaceChildren(...runs.slice(0, most).map((run) => {
      const item = document.createElement("li");
      const slug = encodeURIComponent(run.slug);
      item.append(
        element("a", run.name, { href: `/titles/${slug}?version=${encodeURIComponent(run.version)}` }),
        element("span", run.steps.length ? run.steps.join(", ") : "between steps"),
        element("span", `${run.done} done · ${lasted(run.started_at)}`, { className: "number" }),
      );
      return item;
    }));
    if (runs.length > most) list.append(element("li", `and ${runs.length - most} more`));
  };

  // One fetch at a time, and never under somebody's finger: a focus inside the lines is put back where it was.
  let fetching = false, again = false;
  const refresh = async () => {
    if (fetching) { again = true; return; }
    fetching = true;
    try {
      const address = new URL(location.href);
      address.searchParams.set("part", "true");
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (answer.ok && !answer.redirected) {
        const focused = lines.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        lines.innerHTML = await answer.text();
        if (focused) lines.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
      }
    } finally {
      fetching = false;
      if (again) { again = false; setTimeout(refresh, 1000); }
    }
  };

  const source = new EventSource("/api/live");
  source.addEventListener("now", (event) => {
    const now = JSON.parse(event.data);
    runs = now.runs;
    show();
    if (!now.catalog) desk.say("The catalog does not answer; what you see is a little old.", "bad");
    const at = [...runs.map((run) => run.run_id), ...now.waiting].join();
    if (changedAt !== undefined && (now.changed_at !== changedAt || at !== versions)) refresh();
    changedAt = now.changed_at;
    versions = at;
  });
  setInterval(show, 30000);
  addEventListener("pagehide", () => source.close());

  document.querySelector(".filters").addEventListener("change", (event) => {
    if (event.target.tagName === "SELECT") event.target.form.requestSubmit();
  });
})();
