// The heat map of a result as a picture over its image.

import { heatColour } from './palette.js';

const GLASS = 228; // of a field: brighter in all colours is slide without tissue
const AIR = 10; // of a film: darker is no breast

/**
 * A heat map, coloured: the stronger, the more opaque, and nothing where there is no evidence or no tissue.
 * @param {ImageBitmap} bitmap
 * @param {ImageBitmap} [picture] What it is a map of, unless the map leaves out what is no tissue by itself.
 * @param {boolean} [film]
 */
export function colourHeat(bitmap, picture, film = false) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  if (picture) context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const below = picture && context.getImageData(0, 0, canvas.width, canvas.height).data;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  const heat = context.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = heat;
  const colours = Array.from({ length: 256 }, (_, strength) => heatColour(strength).map(Math.round));
  for (let at = 0; at < data.length; at += 4) {
    const strength = data[at];
    [data[at], data[at + 1], data[at + 2]] = colours[strength];
    const darkest = below && Math.min(below[at], below[at + 1], below[at + 2]);
    data[at + 3] = darkest !== undefined && (film ? darkest < AIR : darkest > GLASS) ? 0 : strength;
  }
  context.putImageData(heat, 0, 0);
  return canvas.transferToImageBitmap();
}
