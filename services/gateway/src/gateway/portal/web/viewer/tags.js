// Places the tags of marks outside their finding, without overlap, inside the pane. Pure.

/** @typedef {import('./geometry.js').Box} Box */
/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {{box: Box, width: number, height: number, first?: boolean}} Tag `box`: what it names, in CSS pixels of the pane;
 *     `first`: it has the choice before the others. */
/** @template T @typedef {T & {left: number, top: number, lead: {from: Point, to: Point} | null}} Placed `lead`: a line back. */

const GAP = 3; // CSS pixels from a mark to its tag
const FAR = 24; // CSS pixels: a tag that stands further off has a line back

/**
 * Place the tags of what is in sight. A tag takes the free place nearest to the upper left corner of its mark, first round the
 * mark and then ever further off; where a pane is so full that none is free, it is left out.
 * @template {Tag} T
 * @param {T[]} tags
 * @param {import('./geometry.js').Size} pane
 * @returns {Placed<T>[]}
 */
export function placeTags(tags, pane) {
  /** @type {Placed<T>[]} */
  const placed = [];
  const inSight = tags.filter(({ box }) => box.x < pane.width && box.y < pane.height && box.x + box.width > 0 && box.y + box.height > 0);
  for (const tag of [...inSight].sort((a, b) => Number(b.first ?? false) - Number(a.first ?? false))) {
    const place = placesOf(tag, pane).find(({ left, top }) => !placed.some((other) => overlaps({ ...tag, left, top }, other)));
    if (place) placed.push({ ...tag, ...place, lead: leadOf(tag, place) });
  }
  return placed;
}

/** Places round a mark, the nearest to its upper left corner first. @param {Tag} tag @param {import('./geometry.js').Size} pane */
function placesOf({ box, width, height }, pane) {
  const places = [];
  for (let ring = 0; ring < 6; ring += 1) {
    const out = GAP + ring * (height + GAP);
    const [left, right, above, below] = [box.x - width - out, box.x + box.width + out, box.y - height - out, box.y + box.height + out];
    for (let x = Math.max(box.x, 0); x <= Math.max(box.x, box.x + box.width - width / 2); x += width + GAP) places.push({ left: x, top: above }, { left: x, top: below });
    for (let y = Math.max(box.y, 0); y <= Math.max(box.y, box.y + box.height - height / 2); y += height + GAP) places.push({ left: right, top: y }, { left, top: y });
  }
  const away = (/** @type {{left: number, top: number}} */ { left, top }) => Math.hypot(left - box.x, top + height + GAP - box.y);
  return places
    .filter(({ left, top }) => left >= 0 && top >= 0 && left + width <= pane.width && top + height <= pane.height)
    .sort((a, b) => away(a) - away(b))
    .concat(insideOf({ box, width, height }, pane));
}

/** The place of the tag if a mark is larger than its pane: a corner of the visible part. @param {Tag} tag @param {import('./geometry.js').Size} pane */
function insideOf({ box, width, height }, pane) {
  const most = { left: Math.max(0, pane.width - width), top: Math.max(0, pane.height - height) };
  const left = Math.min(Math.max(0, box.x + GAP), most.left);
  const first = Math.min(Math.max(0, box.y + GAP), most.top);
  return Array.from({ length: 20 }, (_, row) => ({ left, top: first + row * (height + GAP) })).filter(({ top }) => top <= most.top);
}

/** @param {Tag & {left: number, top: number}} one @param {Tag & {left: number, top: number}} other */
const overlaps = (one, other) =>
  one.left < other.left + other.width && other.left < one.left + one.width && one.top < other.top + other.height && other.top < one.top + one.height;

/** The line from a tag that stands far off to what it names. @param {Tag} tag @param {{left: number, top: number}} place */
function leadOf({ box, width, height }, { left, top }) {
  const from = { x: left + width / 2, y: top + height / 2 };
  const to = { x: Math.min(Math.max(from.x, box.x), box.x + box.width), y: Math.min(Math.max(from.y, box.y), box.y + box.height) };
  const away = Math.hypot(Math.max(0, Math.abs(from.x - to.x) - width / 2), Math.max(0, Math.abs(from.y - to.y) - height / 2));
  return away > FAR ? { from, to } : null;
}
