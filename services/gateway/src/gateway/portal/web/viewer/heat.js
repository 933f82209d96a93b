// The heat map of a result as a picture over its image.

import { heatColour } from './palette.js';

/** A heat map, coloured: the stronger, the more opaque, and nothing where there is no evidence. */
export function colourHeat(/** @type {ImageBitmap | OffscreenCanvas} */ bitmap) {
  const canvas = document.createElement('canvas');
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return canvas;
  context.drawImage(bitmap, 0, 0);
  const picture = context.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = picture;
  const colours = Array.from({ length: 256 }, (_, strength) => heatColour(strength).map(Math.round));
  for (let at = 0; at < data.length; at += 4) {
    const strength = data[at];
    [data[at], data[at + 1], data[at + 2]] = colours[strength];
    data[at + 3] = strength;
  }
  context.putImageData(picture, 0, 0);
  return canvas;
}
