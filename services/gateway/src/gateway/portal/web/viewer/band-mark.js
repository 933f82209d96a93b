// Draws the band in which a finding of the other view would lie.

import { caption } from './caption.js';

const COLOUR = '#d9bd6b';
const ABOVE = 66; // CSS pixels from the lower edge, above the scale bar and the words over it

/** @param {import('./sources.js').Context} context In CSS pixels of the pane. @param {import('./overlay.js').Pane} pane @param {import('./pane.js').Shown['band']} band */
export function drawBand(context, pane, band) {
  if (!band) return;
  const { imageSize } = pane;
  const { x1, x2, words } = band;
  const ends = [x1, x2].map((x) => [pane.toPane({ x, y: 0 }), pane.toPane({ x, y: imageSize.height })]);
  context.setLineDash([3, 5]);
  context.lineWidth = 1.5;
  context.strokeStyle = COLOUR;
  for (const [from, to] of ends) {
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
  context.setLineDash([]);
  const middle = pane.toPane({ x: (x1 + x2) / 2, y: imageSize.height / 2 });
  caption(context, words, { x: middle.x, y: pane.size.height - ABOVE });
}
