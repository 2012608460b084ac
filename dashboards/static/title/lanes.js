// The heads of the lanes: what each is, and for a track the button that lets it be heard.

export class Lanes {
  constructor({ root, state, view }, lanes, hear) {
    this.box = root.querySelector("#lane-heads");
    this.state = state;
    this.view = view;
    this.hear = hear;
    this.lay(lanes);
  }

  lay(lanes) {
    this.box.replaceChildren(...lanes.map((lane) => this.#head(lane)));
    this.show();
  }

  show() {
    for (const button of this.box.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.track === this.state.heard));
    }
  }

  #head(lane) {
    const head = document.createElement("div");
    head.className = `lane-head ${lane.kind}`;
    head.style.top = `${lane.y}px`;
    head.style.height = `${lane.height}px`;
    if (lane.kind !== "track") {
      head.textContent = lane.name;
      return head;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.track = lane.track.id;
    const number = this.view.tracks.indexOf(lane.track) + 1;
    if (number <= 9) {
      const key = document.createElement("kbd");
      key.textContent = number;
      button.append(key);
    }
    const name = document.createElement("span");
    name.textContent = lane.track.track === "mix" ? `Mix ${lane.name}` : lane.name;
    button.append(name);
    button.addEventListener("click", () => this.hear(lane.track.id));
    head.append(button);
    return head;
  }
}
