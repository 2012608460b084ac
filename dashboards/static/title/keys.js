// The keyboard: one key, one thing. A box in the help turns single keys off.

const KEYS = {
  " ": "play", ArrowLeft: "back", ArrowRight: "on", ArrowUp: "up", ArrowDown: "down", Home: "home", End: "end",
  b: "swap", n: "next", p: "previous", "[": "before", "]": "after", "+": "nearer", "=": "nearer", "-": "farther", 0: "fit",
  f: "focus", v: "look", e: "edit", x: "drop", d: "draw", a: "approve", "?": "help", Escape: "stop",
};
const TYPED = "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable]";

const off = () => localStorage.getItem("keys") === "off";

/** Lets keys do what `act` has. */
export function listenToKeys(act) {
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.matches?.(TYPED)) {
      if (key === "Escape") target.blur();
      return;
    }
    // The slider of the film is moved by its keys whatever the box says.
    const steers = target.matches?.("[role=slider]") && /^(Arrow|Home|End)/.test(key);
    if (off() && !steers && key !== "?" && key !== "Escape") return;
    // A button that was reached by keyboard is pressed by the space bar; one that was clicked is not in its way.
    if (key === " " && target.matches?.("button:focus-visible, summary:focus-visible, a:focus-visible, input")) return;
    if (key.startsWith("Arrow") && target.matches?.("input")) return;
    const [name, ...said] = meaning(event);
    if (!act[name]) return;
    act[name](...said);
    event.preventDefault();
  });
}

/** What a key asks for, and how much of it. */
function meaning({ key, shiftKey }) {
  if (/^[1-9]$/.test(key)) return ["track", Number(key) - 1];
  if (key === "ArrowLeft" || key === "ArrowRight") return [KEYS[key], shiftKey ? 10 : 1];
  if (key === "," || key === ".") return ["frame", key === "," ? -1 : 1];
  return [KEYS[key]];
}

/** Lets the box in the help turn single keys off, and on. */
export function chooseKeys() {
  const box = document.getElementById("keys-off");
  box.checked = off();
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "off" : "on"));
}

/** Shows what the keys do. */
export function showKeys() {
  document.getElementById("keys").showModal();
}
