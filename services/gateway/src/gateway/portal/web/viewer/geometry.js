// Where an image lies in its pane: screen = image * scale + (x, y), in CSS pixels of the pane's upper left corner.
// Image coordinates are continuous: pixel k covers [k, k + 1).

export const MOST_ZOOM = 32; // CSS pixels for a pixel of the image

/** The whole image in a pane, against the side where the chest wall is hung: 'left', 'right' or 'centre'. */
export function fit(image, pane, side = 'centre', margin = 0) {
  const scale = Math.min((pane.width - 2 * margin) / image.width, (pane.height - 2 * margin) / image.height);
  const free = pane.width - image.width * scale;
  const x = side === 'left' ? margin : side === 'right' ? free - margin : free / 2;
  return { scale, x, y: (pane.height - image.height * scale) / 2 };
}

/** Zoom by a factor around a point of the pane, between a quarter of the fitted size and MOST_ZOOM. */
export function zoom(transform, factor, at, fitted) {
  const scale = Math.min(Math.max(transform.scale * factor, fitted.scale / 4), Math.max(MOST_ZOOM, fitted.scale));
  const ratio = scale / transform.scale;
  return { scale, x: at.x - (at.x - transform.x) * ratio, y: at.y - (at.y - transform.y) * ratio };
}

/** Shift, but never so far that less than a strip of the image is left in the pane. */
export function pan(transform, dx, dy, image, pane) {
  const keep = 40;
  const clamp = (value, size, room) => Math.min(Math.max(value, keep - size), room - keep);
  return {
    scale: transform.scale,
    x: clamp(transform.x + dx, image.width * transform.scale, pane.width),
    y: clamp(transform.y + dy, image.height * transform.scale, pane.height),
  };
}

/** Bring a box of the image into the middle of the pane, at most `share` of it large. */
export function frame(box, pane, fitted, share = 0.45) {
  const wanted = Math.min((pane.width * share) / box.width, (pane.height * share) / box.height);
  const scale = Math.min(Math.max(wanted, fitted.scale), MOST_ZOOM);
  return {
    scale,
    x: pane.width / 2 - (box.x + box.width / 2) * scale,
    y: pane.height / 2 - (box.y + box.height / 2) * scale,
  };
}

/** The part of the image that can be seen: x1, y1, x2, y2 in image pixels, clipped to the image. */
export function visible(transform, image, pane) {
  const left = (0 - transform.x) / transform.scale;
  const top = (0 - transform.y) / transform.scale;
  return {
    x1: Math.max(0, left),
    y1: Math.max(0, top),
    x2: Math.min(image.width, left + pane.width / transform.scale),
    y2: Math.min(image.height, top + pane.height / transform.scale),
  };
}
