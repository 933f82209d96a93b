// What the system found, drawn over an image. Coordinates as in the result: a box covers [x, x + width); whole numbers of
// an outline are centres of pixels.

import { RIM, STATES, heatColour } from './palette.js';

const LINE = 2; // CSS pixels
const TINT = 0.2;
const ROOMY = 90; // CSS pixels
const TYPE = 'system-ui, sans-serif';

/** A heat map, coloured: the stronger, the more opaque, and nothing where there is no evidence. */
export function colourHeat(bitmap) {
  const canvas = document.createElement('canvas');
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const picture = context.getImageData(0, 0, canvas.width, canvas.height);
  const colours = Array.from({ length: 256 }, (_, strength) => heatColour(strength).map(Math.round));
  for (let at = 0; at < picture.data.length; at += 4) {
    const strength = picture.data[at];
    const colour = colours[strength];
    [picture.data[at], picture.data[at + 1], picture.data[at + 2], picture.data[at + 3]] = [...colour, strength];
  }
  context.putImageData(picture, 0, 0);
  return canvas;
}

/**
 * Draw over an image. The context is transformed to image pixels.
 * @param {CanvasRenderingContext2D} context
 * @param {{image: {width: number, height: number}, heat: HTMLCanvasElement | null, findings: any[]}} study
 *     `findings`: {finding, state, tag, selected, faded, lit}, only those to be drawn; `lit` ones in any case.
 * @param {{boxes: boolean, outlines: boolean, heat: boolean, tags: boolean, opacity: number}} shown
 * @param {number} scale CSS pixels for an image pixel.
 */
export function drawOverlay(context, study, shown, scale) {
  if (shown.heat && study.heat) {
    context.globalAlpha = shown.opacity;
    context.imageSmoothingEnabled = true;
    context.drawImage(study.heat, 0, 0, study.image.width, study.image.height);
    context.globalAlpha = 1;
  }
  for (const item of study.findings) {
    context.globalAlpha = item.faded && !item.lit ? 0.45 : 1;
    if (shown.outlines && item.finding.outline) drawOutline(context, item, scale);
    if (shown.boxes || item.lit) drawBox(context, item, scale);
  }
  for (const item of study.findings) if (shown.tags || item.lit) drawTag(context, item, scale);
  context.globalAlpha = 1;
}

function drawOutline(context, { finding, state, selected }, scale) {
  const line = new Path2D();
  finding.outline.forEach(([x, y], index) => (index ? line.lineTo(x + 0.5, y + 0.5) : line.moveTo(x + 0.5, y + 0.5)));
  line.closePath();
  const alpha = context.globalAlpha;
  context.globalAlpha = alpha * TINT;
  context.fillStyle = STATES[state].colour;
  context.fill(line);
  context.globalAlpha = alpha;
  stroke(context, line, state, selected, scale);
}

function drawBox(context, { finding, state, selected }, scale) {
  const { x, y, width, height } = finding.box;
  const line = new Path2D();
  line.rect(x, y, width, height);
  stroke(context, line, state, selected, scale);
}

/** A line with a dark rim, so that it shows on light tissue and on dark film alike. */
function stroke(context, line, state, selected, scale) {
  const { colour, dash } = STATES[state];
  const wide = (selected ? LINE + 1.5 : LINE) / scale;
  context.setLineDash([]);
  context.lineWidth = wide + 2 / scale;
  context.strokeStyle = RIM;
  context.stroke(line);
  context.setLineDash(dash.map((length) => length / scale));
  context.lineWidth = wide;
  context.strokeStyle = colour;
  context.stroke(line);
  context.setLineDash([]);
}

function drawTag(context, { finding, state, tag, selected, faded }, scale) {
  const size = 13 / scale;
  const { x, y, width, height } = finding.box;
  const words = selected || width * scale > ROOMY ? tag.long : tag.short; // many small marks must not cover the film
  context.globalAlpha = faded ? 0.6 : 1;
  context.font = `600 ${size}px ${TYPE}`;
  const room = context.measureText(words).width + 10 / scale;
  const tall = 20 / scale;
  const above = y - tall - 3 / scale;
  const top = above >= 0 ? above : y + height + 3 / scale;
  context.fillStyle = STATES[state].colour;
  context.strokeStyle = selected ? '#ffffff' : RIM;
  context.lineWidth = (selected ? 2 : 1) / scale;
  context.beginPath();
  context.roundRect(Math.min(x, x + width - room / 2), top, room, tall, 4 / scale);
  context.fill();
  context.stroke();
  context.fillStyle = RIM;
  context.textBaseline = 'middle';
  context.fillText(words, Math.min(x, x + width - room / 2) + 5 / scale, top + tall / 2);
}
