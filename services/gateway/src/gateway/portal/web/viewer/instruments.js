// The tools that draw over a pane: magnifier, value, ruler, ellipse, angle. Loaded on first use. They draw on a separate canvas
// of each pane, so that the film below is not redrawn while the pointer moves.

import { t } from '../core/words.js';
import { caption } from './caption.js';
import { drawMeasure, handlesOf, isComplete, MEASURING } from './measures.js';
import { emptyLayer, layerOver } from './layers.js';
import { pixelsOf } from './hung.js';

/** @typedef {import('./pane.js').Pane} Pane */
/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./measures.js').Measure} Measure */
/** @typedef {import('./measures.js').Kind} Kind */
/** @typedef {ReturnType<typeof createInstruments>} Instruments */

const NEAR = 10; // CSS pixels from a handle
const FINGER = 24;
const LENS = 75; // CSS pixels: the magnifier's radius
const [LEAST, USUAL, MOST] = [1.5, 2.5, 6]; // times that it enlarges
const ABOVE = 110; // CSS pixels: a finger does not cover what the magnifier shows

/**
 * @param {import('../reading/state.js').ReadingStore} store
 * @param {Pane[]} panes
 */
export function createInstruments(store, panes) {
  const canvases = new Map(panes.map((pane) => [pane, layerOver(pane, 'measures')]));
  let times = USUAL;
  /** @type {{pane: Pane, at: Point, touch: boolean} | null} Where the pointer is. */
  let pointer = null;
  /** @type {{id: string, index: number, handle: number} | null} What the hand holds. */
  let held = null;
  /** @type {{id: string, index: number} | null} What was measured or touched last: Delete removes it. */
  let chosen = null;
  /** Whether points are set by keys; the open end is then the next point. */
  let byKey = false;

  const tool = () => store.state.tool;
  /** @param {Pane} pane @returns {Measure[]} */
  const measuresOf = ({ viewed }) => store.state.measures[viewed?.id ?? ''] ?? [];

  /** @param {string} id @param {Measure[]} measures */
  const keepMeasures = (id, measures) => store.update({ measures: { ...store.state.measures, [id]: measures } });

  /** Put a handle of a measure somewhere else. @param {Pane} pane @param {Point} at In the pane. */
  function put(pane, at) {
    if (!held || !pane.viewed) return;
    const { index, handle } = held;
    const point = pane.toImage(at);
    const measures = measuresOf(pane).map((measure, place) =>
      place === index ? { ...measure, points: measure.points.map((old, number) => (number === handle ? point : old)) } : measure,
    );
    keepMeasures(pane.viewed.id, measures);
  }

  /** The handle below a pointer. @param {Pane} pane @param {Point} at @param {number} near */
  function handleAt(pane, at, near) {
    for (const [index, measure] of measuresOf(pane).entries())
      for (const [handle, point] of handlesOf(measure).entries()) {
        const there = pane.toPane(point);
        if (Math.hypot(there.x - at.x, there.y - at.y) <= near) return { index, handle };
      }
    return null;
  }

  /** Begin a measure, or its next line. @param {Pane} pane @param {Point} at @param {Kind} kind */
  function begin(pane, at, kind) {
    const { viewed } = pane;
    if (!viewed) return;
    const measures = measuresOf(pane);
    const open = measures.findIndex((measure) => !isComplete(measure));
    const point = pane.toImage(at);
    if (open >= 0 && measures[open].kind === kind) {
      const points = [...measures[open].points.slice(0, -1), point];
      held = { id: viewed.id, index: open, handle: points.length - 1 };
      keepMeasures(viewed.id, measures.map((measure, index) => (index === open ? { ...measure, points } : measure)));
    } else {
      held = { id: viewed.id, index: measures.length, handle: 1 };
      keepMeasures(viewed.id, [...measures.filter(isComplete), { kind, points: [point, point], open: true }]);
      held.index = measuresOf(pane).length - 1;
    }
    chosen = { id: viewed.id, index: held.index };
  }

  /** What is held stays where it is, once it is somewhere else than it began. @param {Pane} pane @param {boolean} clicked */
  function letGo(pane, clicked) {
    if (!held || !pane.viewed) return;
    const { index, handle } = held;
    const measure = measuresOf(pane)[index];
    held = null;
    if (!measure?.open) return;
    const began = clicked && handle === 1 && measure.points.length === 2 && same(measure.points[0], measure.points[1]);
    if (began) return; // the next click sets its end
    const angle = measure.kind === 'angle' && measure.points.length === 2;
    const done = angle ? { ...measure, points: [...measure.points, measure.points[1]] } : { ...measure, open: false };
    keepMeasures(pane.viewed.id, measuresOf(pane).map((other, place) => (place === index ? done : other)));
  }

  /** Draw what belongs to a pane. @param {Pane} pane */
  function paint(pane) {
    const context = emptyLayer(canvases.get(pane), pane);
    if (!context) return;
    const mine = chosen?.id === pane.viewed?.id ? chosen?.index : null;
    for (const [index, measure] of measuresOf(pane).entries()) drawMeasure(context, pane, asSeen(pane, measure), index === mine);
    if (MEASURING.includes(tool()) && pane.root.matches(':focus-visible')) drawCross(context, pane.middle);
    paintPointer(context, pane);
  }

  /** A measure as it is drawn: a film that is panned below an open end of one that keys set leaves it in the middle of the pane. @param {Pane} pane @param {Measure} measure @returns {Measure} */
  const asSeen = (pane, measure) =>
    byKey && !isComplete(measure) ? { ...measure, points: [...measure.points.slice(0, -1), pane.toImage(pane.middle)] } : measure;

  /** Give up what is measured and has no end yet. @returns {boolean} Whether there was any. */
  function drop() {
    const { measures } = store.state;
    const open = Object.values(measures).flat().some((measure) => !isComplete(measure));
    if (open) store.update({ measures: Object.fromEntries(Object.entries(measures).map(([id, all]) => [id, all.filter(isComplete)])) });
    [held, byKey] = [null, false];
    return open;
  }

  /** Magnifier or value, where the pointer is; for the keyboard the value in the middle. @param {CanvasRenderingContext2D} context @param {Pane} pane */
  function paintPointer(context, pane) {
    const here = pointer?.pane === pane ? pointer : null;
    if (tool() === 'magnify' && here) drawLens(context, pane, here, times);
    if (tool() === 'value') drawValue(context, pane, here?.at ?? (pane.root.matches(':focus-visible') ? pane.middle : null));
  }

  const paintAll = () => panes.forEach(paint);
  let pending = false;
  function soon() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      paintAll();
    });
  }
  store.subscribe(['measures', 'tool', 'images'], soon);
  store.subscribe(['tool'], drop); // an end would follow the pointer whatever tool is in hand

  return {
    paint,
    drop,

    /** Whether a click belongs to the selected tool. */
    get busy() {
      return MEASURING.includes(tool());
    },

    /** A hand comes down: whether an instrument takes it. @param {Pane} pane @param {Point} at */
    down(pane, at, touch = false) {
      pointer = { pane, at, touch };
      const kind = tool();
      if (kind === 'magnify' || kind === 'value') return true;
      const hit = handleAt(pane, at, touch ? FINGER : NEAR);
      const open = measuresOf(pane).some((measure) => !isComplete(measure));
      if (hit && !open && pane.viewed) {
        held = { id: pane.viewed.id, ...hit };
        chosen = { id: pane.viewed.id, index: hit.index };
        soon();
        return true;
      }
      if (!MEASURING.includes(kind)) return false;
      byKey = false;
      begin(pane, at, /** @type {Kind} */ (kind));
      return true;
    },

    /** @param {Pane} pane @param {Point} at */
    move(pane, at) {
      pointer = { pane, at, touch: pointer?.touch ?? false };
      put(pane, at);
      soon();
    },

    /** @param {Pane} pane @param {Point} at @param {boolean} clicked */
    up(pane, at, clicked) {
      put(pane, at);
      letGo(pane, clicked);
      if (pointer?.touch) pointer = null;
      soon();
    },

    /** The pointer passes over a pane: the open end of a measure follows it. @param {Pane} pane @param {Point} at */
    hover(pane, at) {
      pointer = { pane, at, touch: false };
      byKey = false;
      const open = measuresOf(pane).findIndex((measure) => !isComplete(measure));
      if (open >= 0 && pane.viewed) {
        held = { id: pane.viewed.id, index: open, handle: measuresOf(pane)[open].points.length - 1 };
        put(pane, at);
        held = null;
      }
      soon();
    },

    /** @param {Pane} pane */
    leave(pane) {
      if (pointer?.pane !== pane) return;
      pointer = null;
      soon();
    },

    /** The wheel over a magnifier changes how much it enlarges: whether it did. @param {Pane} pane @param {number} by */
    wheel(pane, by) {
      if (tool() !== 'magnify' || pointer?.pane !== pane) return false;
      times = Math.min(MOST, Math.max(LEAST, times * 1.0015 ** -by));
      soon();
      return true;
    },

    /** Set a point in the middle of a pane, as a click would: measuring by keyboard. @param {Pane} pane */
    place(pane) {
      if (!this.busy) return false;
      byKey = true;
      begin(pane, pane.middle, /** @type {Kind} */ (tool()));
      letGo(pane, true);
      soon();
      return true;
    },

    /** Remove what was measured or touched last, else the last of the pane. @param {Pane} pane */
    remove(pane) {
      const { viewed } = pane;
      const measures = measuresOf(pane);
      if (!viewed || !measures.length) return;
      const index = chosen?.id === viewed.id && chosen.index < measures.length ? chosen.index : measures.length - 1;
      chosen = null;
      keepMeasures(viewed.id, measures.filter((_, place) => place !== index));
    },
  };
}

/** @param {Point} a @param {Point} b */
const same = (a, b) => a.x === b.x && a.y === b.y;

/** @param {CanvasRenderingContext2D} context @param {Pane} pane @param {{at: Point, touch: boolean}} pointer @param {number} times */
function drawLens(context, pane, { at, touch }, times) {
  const centre = touch ? { x: at.x, y: at.y - ABOVE } : at;
  context.save();
  context.beginPath();
  context.arc(centre.x, centre.y, LENS, 0, 2 * Math.PI);
  context.fillStyle = '#000';
  context.fill();
  context.clip();
  context.translate(centre.x - at.x, centre.y - at.y);
  pane.drawImage(context, at, times, { x: at.x - LENS, y: at.y - LENS, width: 2 * LENS, height: 2 * LENS });
  context.restore();
  context.beginPath();
  context.arc(centre.x, centre.y, LENS, 0, 2 * Math.PI);
  context.strokeStyle = '#fff';
  context.lineWidth = 1.5;
  context.stroke();
  caption(context, t('tools.times', { times: times.toFixed(1) }), { x: centre.x, y: centre.y + LENS - 14 });
}

/** The stored value below a point. @param {CanvasRenderingContext2D} context @param {Pane} pane @param {Point | null} at */
function drawValue(context, pane, at) {
  const { viewed, imageSize } = pane;
  if (!at || !imageSize || !viewed?.source || (viewed.source.grey && viewed.source.coarse)) return; // a mean is no stored value
  const point = pane.toImage(at);
  if (point.x < 0 || point.y < 0 || point.x >= imageSize.width || point.y >= imageSize.height) return;
  const { width, height } = pixelsOf({ ...imageSize, stretch: viewed.result?.image.stretch });
  const [x, y] = [Math.floor((point.x * width) / imageSize.width), Math.floor((point.y * height) / imageSize.height)];
  const { value, stored } = viewed.source.valueAt(point, imageSize);
  drawCross(context, at);
  pane.root.dataset.value = value;
  caption(context, t(stored ? 'tools.value.stored' : 'tools.value.shown', { value, x, y }), { x: at.x, y: at.y + 28 });
}

/** @param {CanvasRenderingContext2D} context @param {Point} at */
function drawCross(context, { x, y }) {
  context.strokeStyle = '#fff';
  context.lineWidth = 1;
  context.beginPath();
  for (const [across, down] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + 4 * across, y + 4 * down);
    context.lineTo(x + 12 * across, y + 12 * down);
  }
  context.stroke();
}
