// Draws readers' findings with a double violet line, to tell them from marks of the system.

import { OWN, RIM } from './palette.js';

/** @typedef {import('./own.js').Drawn} Drawn */
/** @typedef {import('./sources.js').Context} Context */
/** @typedef {{toPane: (point: import('./geometry.js').Point) => import('./geometry.js').Point}} Pane */

/** @param {Context} context In CSS pixels of the pane. @param {Pane} pane @param {Drawn} drawn */
export function strokeOwn(context, pane, drawn, selected = false) {
  const line = lineOf(pane, drawn);
  const wide = selected ? 5 : 4;
  for (const [style, width] of /** @type {[string, number][]} */ ([[RIM, wide + 2], [OWN, wide], ['#000', 1.25]])) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke(line);
  }
}

/** A box of the image in CSS pixels of the pane. @param {Pane} pane @param {import('./geometry.js').Box} box */
export function inPane(pane, { x, y, width, height }) {
  const [one, other] = [pane.toPane({ x, y }), pane.toPane({ x: x + width, y: y + height })];
  return { x: Math.min(one.x, other.x), y: Math.min(one.y, other.y), width: Math.abs(other.x - one.x), height: Math.abs(other.y - one.y) };
}

/** @param {Pane} pane @param {Drawn} drawn */
function lineOf(pane, { shape, box, outline }) {
  const line = new Path2D();
  if (outline) {
    for (const [index, [x, y]] of outline.entries()) {
      const at = pane.toPane({ x: x + 0.5, y: y + 0.5 });
      line[index ? 'lineTo' : 'moveTo'](at.x, at.y);
    }
    line.closePath();
    return line;
  }
  const { x, y, width, height } = inPane(pane, box);
  if (shape === 'ellipse') line.ellipse(x + width / 2, y + height / 2, width / 2, height / 2, 0, 0, 2 * Math.PI);
  else line.rect(x, y, width, height);
  return line;
}

/** A tag with a letter. @param {Context} context @param {{words: string, left: number, top: number, width: number, height: number, first: boolean}} tag */
export function drawOwnTag(context, tag) {
  const selected = tag.first;
  drawPill(context, tag, selected ? { ground: OWN, ink: RIM, edge: OWN, wide: 2 } : { ground: RIM, ink: OWN, edge: OWN, wide: 1.5 });
}

/**
 * Words on a ground with round ends.
 * @param {Context} context
 * @param {{words: string, left: number, top: number, width: number, height: number}} place
 * @param {{ground: string, ink: string, edge: string, wide: number}} look
 */
export function drawPill(context, { words, left, top, width, height }, { ground, ink, edge, wide }) {
  context.fillStyle = ground;
  context.strokeStyle = edge;
  context.lineWidth = wide;
  context.beginPath();
  context.roundRect(left, top, width, height, height / 2);
  context.fill();
  context.stroke();
  context.fillStyle = ink;
  context.textAlign = 'center';
  context.fillText(words, left + width / 2, top + height / 2);
  context.textAlign = 'start';
}
