// Draws the band in which a finding of the other view would lie.

import { t } from '../core/words.js';
import { caption } from './caption.js';

const COLOUR = '#d9bd6b';

/** @param {CanvasRenderingContext2D} context In CSS pixels of the pane. @param {import('./pane.js').Pane} pane @param {import('./pane.js').Shown['band']} band */
export function drawBand(context, pane, band) {
  const { imageSize } = pane;
  if (!imageSize || !band) return;
  const { x1, x2, what } = band;
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
  caption(context, t('reading.band', { what }), { x: middle.x, y: pane.size.height - 40 });
}
