// Words over a film.

const TYPE = 'system-ui, sans-serif';

/** Words on a dark ground, inside the pane. @param {import('./sources.js').Context} context @param {string} text @param {import('./geometry.js').Point} at Their middle. */
export function caption(context, text, at) {
  context.font = `600 13px ${TYPE}`;
  const wide = context.measureText(text).width + 12;
  const { a: ratio } = context.getTransform();
  const pane = { width: context.canvas.width / ratio, height: context.canvas.height / ratio };
  const left = Math.min(Math.max(0, at.x - wide / 2), Math.max(0, pane.width - wide));
  const top = Math.min(Math.max(0, at.y - 10), Math.max(0, pane.height - 20));
  context.fillStyle = 'rgb(0 0 0 / 72%)';
  context.beginPath();
  context.roundRect(left, top, wide, 20, 4);
  context.fill();
  context.fillStyle = '#fff';
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.fillText(text, left + 6, top + 10);
}
