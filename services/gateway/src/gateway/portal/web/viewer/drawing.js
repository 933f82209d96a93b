// The tools with which a reader draws findings: box, ellipse, outline. Loaded on first use. A shape is reported when the
// pointer is released, and stays on the film until it is saved or discarded.

import { drawn, stored } from './drawn.js';
import { emptyLayer, layerOver } from './layers.js';
import { strokeOwn } from './own-marks.js';
import { OWN, RIM } from './palette.js';

/** @typedef {import('./pane.js').Pane} Pane */
/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./own.js').Drawn} Drawn */
/** @typedef {import('./own.js').Shape} Shape */

/** The tools, each with what it draws. @type {Record<string, Shape>} */
export const SHAPES = { box: 'box', oval: 'ellipse', outline: 'outline' };
const STEP = 2; // CSS pixels between two points of an outline
const CROSS = 8; // CSS pixels
const SMALLEST = 6; // CSS pixels: less is a click

/**
 * @param {import('../reading/state.js').ReadingStore} store
 * @param {Pane[]} panes
 * @param {(imageId: string, what: Drawn, at: Point) => void} onDrawn `at`: where the hand was lifted, on the page.
 */
export function createDrawing(store, panes, onDrawn) {
  const canvases = new Map(panes.map((pane) => [pane, layerOver(pane, 'drawing')]));
  /** @type {{pane: Pane, shape: Shape, places: Point[], points: Point[], byKey?: boolean} | null} What the hand is drawing: in the pane, and on the film. */
  let hand = null;
  /** @type {{id: string, what: Drawn} | null} What was drawn and is not kept yet. */
  let waiting = null;

  const shapeOf = () => SHAPES[store.state.tool];

  /** The shape as drawn so far. */
  function soFar() {
    if (!hand?.pane.imageSize) return null;
    const { pane, shape, places, points } = hand;
    const [first, last] = [places[0], places[places.length - 1]];
    const reach = shape === 'outline' ? Math.max(...places.map(({ x, y }) => Math.hypot(x - first.x, y - first.y))) : Math.min(Math.abs(last.x - first.x), Math.abs(last.y - first.y));
    return reach < SMALLEST ? null : drawn(shape, points, pane.imageSize ?? { width: 1, height: 1 });
  }

  /** @param {Pane} pane */
  function paint(pane) {
    const context = emptyLayer(canvases.get(pane), pane);
    if (!context) return;
    if (hand?.byKey && hand.pane === pane) {
      reachTo(pane.middle); // the film was panned below it
      drawCross(context, pane.middle);
    }
    const what = hand?.pane === pane ? soFar() : waiting?.id === pane.viewed?.id ? waiting?.what : null;
    if (what) strokeOwn(context, pane, what, true);
  }

  /** @param {Point} at */
  function add(at) {
    if (!hand) return;
    const { pane } = hand;
    reachTo(at);
    requestAnimationFrame(() => paint(pane));
  }

  /** @param {Point} at */
  function reachTo(at) {
    if (!hand) return;
    const { pane, shape, places, points } = hand;
    const last = places[places.length - 1];
    if (shape === 'outline' && Math.hypot(at.x - last.x, at.y - last.y) < STEP) return;
    const freehand = shape === 'outline'; // of a box and an ellipse, the first corner and the present one
    hand.places = freehand ? [...places, at] : [pane.toPane(points[0]), at];
    hand.points = [...(freehand ? points : [points[0]]), pane.toImage(at)];
  }

  return {
    paint,
    busy: true,

    /** @param {Pane} pane @param {Point} at */
    down(pane, at) {
      const shape = shapeOf();
      if (!shape || !pane.viewed || !pane.imageSize) return false;
      hand = { pane, shape, places: [at], points: [pane.toImage(at)] };
      return true;
    },

    /** @param {Pane} _pane @param {Point} at */
    move: (_pane, at) => add(at),

    /** @param {Pane} pane @param {Point} at */
    up(pane, at) {
      add(at);
      const [what, { viewed }] = [soFar(), pane];
      hand = null;
      if (what && viewed) {
        waiting = { id: viewed.id, what };
        const { left, top } = pane.root.getBoundingClientRect();
        onDrawn(viewed.id, stored(what, viewed), { x: left + at.x, y: top + at.y });
      }
      paint(pane);
    },

    /** Remove a shape that was saved or dropped; the next one may have been begun already. */
    clear() {
      waiting = null;
      panes.forEach(paint);
    },

    /** Give up what the hand is drawing. */
    drop() {
      hand = null;
      this.clear();
    },

    hover() {},
    leave() {},
    wheel: () => false,

    /** Set a corner of a box or an ellipse in the middle of the pane: the first, then the opposite one, once the film was panned. @param {Pane} pane */
    place(pane) {
      const shape = shapeOf();
      if (!shape || shape === 'outline' || !pane.viewed || !pane.imageSize) return false;
      if (hand?.byKey && hand.pane === pane) this.up(pane, pane.middle);
      else hand = { pane, shape, places: [pane.middle], points: [pane.toImage(pane.middle)], byKey: true };
      paint(pane);
      return true;
    },
    remove() {},
  };
}

/** The point that a key would set. @param {CanvasRenderingContext2D} context @param {Point} at */
function drawCross(context, { x, y }) {
  const cross = new Path2D(`M${x - CROSS} ${y}H${x + CROSS}M${x} ${y - CROSS}V${y + CROSS}`);
  for (const [colour, wide] of /** @type {const} */ ([[RIM, 3], [OWN, 1]])) {
    [context.strokeStyle, context.lineWidth] = [colour, wide];
    context.stroke(cross);
  }
}
