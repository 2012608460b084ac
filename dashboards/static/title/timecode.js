// Times as people in a studio say them.

/** Seconds as hours, minutes, seconds and milliseconds. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds * 1000));
  const [h, m, s, ms] = [whole / 3600000, (whole / 60000) % 60, (whole / 1000) % 60, whole % 1000].map(Math.floor);
  const two = (n) => String(n).padStart(2, "0");
  return `${h ? `${h}:${two(m)}` : m}:${two(s)}.${String(ms).padStart(3, "0")}`;
}

/** Seconds as a ruler says them: no more than `step` needs. */
export function tick(seconds, step) {
  const text = clock(seconds);
  return step >= 1 ? text.slice(0, -4) : text.slice(0, step >= 0.1 ? -2 : undefined);
}

/** The timecode of the frame at `seconds` (SMPTE 12M), of a film at `fps` [numerator, denominator]. */
export function timecode(seconds, fps, start, drop) {
  if (!fps) return "";
  const [numerator, denominator] = fps;
  const base = Math.round(numerator / denominator);
  let frame = Math.floor((seconds * numerator) / denominator + 1e-6) + frames(start ?? "00:00:00:00", base, drop);
  // Two numbers (four at 60) are left out at every minute but each tenth.
  const left = drop ? Math.round(base / 15) : 0;
  if (drop) {
    const ten = base * 600 - left * 9;
    const rest = frame % ten;
    frame += left * 9 * Math.floor(frame / ten);
    if (rest >= base * 60) frame += left * Math.floor((rest - left) / (base * 60 - left));
  }
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  const seconds_ = Math.floor(frame / base);
  const hours = (seconds_ / 3600) % 24;
  return `${two(hours)}:${two((seconds_ / 60) % 60)}:${two(seconds_ % 60)}${drop ? ";" : ":"}${two(frame % base)}`;
}

function frames(text, base, drop) {
  const [h, m, s, f] = text.split(/[:;]/).map(Number);
  const minutes = h * 60 + m;
  const left = drop ? Math.round(base / 15) : 0;
  return (minutes * 60 + s) * base + f - left * (minutes - Math.floor(minutes / 10));
}
