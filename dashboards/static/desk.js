// What every page shares: the theme's button, words to the status line, requests with the page's token.
"use strict";

const desk = {
  csrf: document.querySelector('meta[name="csrf"]').content,

  /** Says something to the person, and to a screen reader. */
  say(words, kind = "") {
    const line = document.getElementById("said");
    line.textContent = words;
    line.className = kind;
    clearTimeout(desk.saying);
    desk.saying = setTimeout(() => { line.textContent = ""; line.className = ""; }, 6000);
  },

  /** JSON of `method` on `address`; an Error with the server's words where it is refused. */
  async ask(method, address, body) {
    const headers = { "X-CSRF-Token": desk.csrf, Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await fetch(address, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const told = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (!answer.ok) throw new Error(told?.detail ?? `The desk answered ${answer.status}.`);
    return told;
  },
};

(() => {
  const themes = ["system", "light", "dark"];
  const button = document.getElementById("theme");
  const show = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.setAttribute("aria-label", `Theme: ${theme === "system" ? "as the system" : theme}`);
    button.title = button.getAttribute("aria-label");
    document.dispatchEvent(new CustomEvent("theme", { detail: theme }));
  };
  show(localStorage.getItem("theme") ?? "system");
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(localStorage.getItem("theme") ?? "system") + 1) % themes.length];
    if (next === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", next);
    show(next);
  });
  // What cannot be taken back asks first.
  document.addEventListener("submit", (event) => {
    const words = event.target.dataset.confirm;
    if (words && !window.confirm(words)) event.preventDefault();
  });
})();
