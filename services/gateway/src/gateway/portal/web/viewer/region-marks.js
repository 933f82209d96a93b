// Draws the squares of a field that are likeliest to hold invasive carcinoma: a part of the heat map, and no findings.

import { drawPill, inPane } from './own-marks.js';
import { RIM, STATES } from './palette.js';

/** @typedef {import('../core/types.d.ts').TissueRegion} TissueRegion */

const { colour } = STATES.unknown;
const TAG = { width: 44, height: 20 }; // CSS pixels
const ROOMY = 60; // CSS pixels
const TYPE = 'system-ui, sans-serif';

/**
 * @param {import('./sources.js').Context} context In CSS pixels of the pane.
 * @param {import('./overlay.js').Pane} pane
 * @param {TissueRegion[]} regions
 */
export function drawRegions(context, pane, regions) {
  context.font = `600 13px ${TYPE}`;
  context.textBaseline = 'middle';
  for (const region of regions) {
    const { x, y, width, height } = inPane(pane, region);
    for (const [style, wide] of /** @type {[string, number][]} */ ([[RIM, 4], [colour, 2]])) {
      context.strokeStyle = style;
      context.lineWidth = wide;
      context.strokeRect(x, y, width, height);
    }
    if (width < ROOMY) continue; // a tag would cover it
    const words = `${Math.round(100 * region.probability_tumour)}%`;
    drawPill(context, { words, left: x, top: y, ...TAG }, { ground: RIM, ink: colour, edge: colour, wide: 1 });
  }
}
