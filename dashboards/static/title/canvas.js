// A canvas as large as its place on the page, as fine as the screen.

/** Sizes `canvas` in the page's pixels; one unit of what is drawn is one of them. It is empty afterwards. */
export function size(canvas, width, height) {
  const dense = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * dense);
  canvas.height = Math.round(height * dense);
  canvas.getContext("2d").setTransform(dense, 0, 0, dense, 0, 0);
}
