// Where the playhead is, in time and timecode, and whether it moves.

import { clock, timecode } from "./timecode.js";

export class Clock {
  constructor({ root, view, state }) {
    this.view = view;
    this.state = state;
    this.time = root.querySelector("#time");
    this.code = root.querySelector("#timecode");
    this.button = root.querySelector("#play");
    this.slider = root.querySelector("#minimap");
    this.slider.setAttribute("aria-valuemax", view.seconds.toFixed(1));
  }

  show() {
    this.time.textContent = clock(this.state.head);
    this.code.textContent = timecode(this.state.head, this.view.fps, this.view.timecode, this.view.drop_frame);
    this.slider.setAttribute("aria-valuenow", this.state.head.toFixed(1));
    this.slider.setAttribute("aria-valuetext", clock(this.state.head));
  }

  playing(on) {
    showPlaying(this.button, on);
  }
}

/** The button says what it does next. */
export function showPlaying(button, on) {
  button.textContent = on ? "❚❚ Pause" : "▶ Play";
}
