// The panes of the viewer, arranged as the state says.

import { doubtsOf } from '../core/codes.js';
import { copy, icon, role, write } from '../core/dom.js';
import { dayWords } from '../core/times.js';
import { t } from '../core/words.js';
import { alikeOf, pixelRatio } from './alike.js';
import { layoutOf, sideOf, slotsOf } from './hanging.js';
import { breastOf, depthWords, lengthsOf, partOf, viewOf } from './image.js';
import { anatomyOf, samePlace } from './linking.js';
import { Pane } from './pane.js';
import { UPRIGHT } from './placement.js';
import { showScale } from './scale.js';
import { drawnOverlays, mapOf } from './tools.js';
import { windowOf } from './window.js';

/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('../reading/state.js').Reading} Reading */

const MOST = 4;
const ENOUGH = 1.1; // device pixels for a sample: nobody sees a difference

/**
 * @param {HTMLElement} grid
 * @param {{
 *   marksOf: (state: Reading, image: ViewedImage) => import('./overlay.js').Mark[],
 *   ownOf: (state: Reading, image: ViewedImage) => import('./own.js').OwnMark[],
 *   bandOf: (state: Reading, image: ViewedImage) => import('./pane.js').Shown['band'],
 *   paintTools: (pane: Pane) => void,
 *   onFine: (image: ViewedImage) => void,
 *   isLit: (state: Reading, image: ViewedImage) => boolean,
 *   describe: (image: ViewedImage) => string,
 *   failureOf: (image: ViewedImage) => {words: string, hopeless: boolean},
 *   onEdit: (image: ViewedImage) => void,
 *   onRetry: (image: ViewedImage) => void,
 *   onStop: (image: ViewedImage) => void,
 *   enhanced: (state: Reading, image: ViewedImage) => import('./sources.js').GreySource | null,
 *   linked: () => boolean,
 * } & Omit<import('./pane.js').PaneEvents, 'scaleOf' | 'onMove' | 'onPaint'>} options
 */
export function createPanes(grid, options) {
  /** @type {Pane[]} */
  const panes = Array.from({ length: MOST }, () => {
    const pane = new Pane(copy('pane'), { ...options, scaleOf, onMove: follow, onPaint: painted });
    role(pane.root, 'edit').addEventListener('click', () => pane.viewed && options.onEdit(pane.viewed));
    role(pane.root, 'again').addEventListener('click', () => pane.viewed && options.onRetry(pane.viewed));
    role(pane.root, 'stop').addEventListener('click', () => pane.viewed && options.onStop(pane.viewed));
    return pane;
  });
  grid.replaceChildren(...panes.map(({ root }) => root));

  let before = '';
  /** @type {string | null} */
  let activeId = null;
  /** @type {typeof import('./marker-inset.js').showMarker | null} */
  let showMarker = null;

  /** @param {Reading} state */
  function show(state) {
    const slots = slotsOf(state);
    const hung = `${layoutOf(state)} ${slots.length}`;
    [grid.dataset.layout, grid.dataset.count] = hung.split(' ');
    for (const [index, pane] of panes.entries()) {
      pane.root.hidden = index >= slots.length;
      if (slots[index]) fill(pane, slots[index], state);
    }
    grid.dataset.peek = state.peek ?? '';
    activeId = state.activeId;
    if (hung !== before) for (const pane of panes) pane.rehang();
    before = hung;
  }

  /** @param {Pane} pane @param {ViewedImage} image @param {Reading} state */
  function fill(pane, image, state) {
    const { root } = pane;
    root.toggleAttribute('data-active', image.id === state.activeId);
    root.toggleAttribute('data-prior', image.prior);
    root.toggleAttribute('data-lit', options.isLit(state, image));
    root.toggleAttribute('data-heat', image.heat !== null);
    root.toggleAttribute('data-difference', image.difference !== null);
    root.dataset.side = sideOf(image, layoutOf(state));
    labelImage(root, image, options.describe(image));
    role(root, 'edit').hidden = image.entry.case_id !== state.case?.id; // a film of another case is edited there
    showNote(root, image, options.failureOf);
    const enhanced = options.enhanced(state, image);
    const turn = state.turns[image.id] ?? UPRIGHT;
    const overlays = drawnOverlays(state);
    const heat = mapOf(image, overlays);
    showChips(root, state, image, { turned: turn.rotation !== 0 || turn.mirrored, enhanced: enhanced !== null, mapped: overlays.heat && heat !== null });
    pane.show({
      image,
      source: enhanced ?? image.source,
      heat,
      turn,
      part: partOf(image, state.cropped),
      cropped: state.cropped,
      side: sideOf(image, layoutOf(state)),
      window: windowOf(state, image),
      marks: options.marksOf(state, image),
      own: state.peek === 'marks' ? [] : options.ownOf(state, image),
      band: state.peek === 'marks' ? null : options.bandOf(state, image),
      overlays,
      regions: image.result?.tissue?.regions ?? [],
    });
  }

  /** Show the same images with other windows, which change in every frame while a hand drags. @param {Reading} state */
  function showWindows(state) {
    for (const pane of panes) if (!pane.root.hidden && pane.viewed) pane.rewindow(windowOf(state, pane.viewed));
  }

  /** The panes in which something hangs. */
  const filled = () => panes.filter(({ root, viewed }) => !root.hidden && viewed);

  /** The panes whose images are shown at the scale of a pane's, itself included. @param {Pane} pane */
  function alikeTo(pane) {
    const images = alikeOf(pane.viewed, filled().map(({ viewed }) => viewed));
    return filled().filter(({ viewed }) => viewed && images.includes(viewed));
  }

  /**
   * One scale for all films that hang and can be compared; any other image fills its pane. A film of which the breast is not known is
   * shown whole: it does not make the others smaller, and is smaller than they are where it has no room.
   * @param {Pane} pane
   */
  function scaleOf(pane) {
    const alike = alikeTo(pane);
    const known = alike.filter(({ viewed, shown }) => !shown.cropped || (viewed && breastOf(viewed)));
    const scales = (known.length ? known : alike).map((other) => other.ownScale * pixelRatio(pane.viewed, other.viewed));
    return Math.min(pane.ownScale, ...scales);
  }

  /** Name in each pane the film that is read where it has another scale: what looks smaller there may not be. */
  function tellScales() {
    const films = filled().filter(({ viewed, transform }) => viewed?.film && transform);
    const sized = films.filter((pane) => alikeTo(pane).length);
    const read = sized.find(({ viewed }) => viewed?.id === activeId) ?? sized[0] ?? films[0];
    for (const pane of filled()) {
      const alike = !films.includes(pane) || pane === read || (alikeTo(pane).includes(read) && isSameScale(pane, read));
      write(role(pane.root, 'scale'), alike ? '' : t('reading.scale.other', { name: read.viewed?.name ?? '' }));
    }
  }

  /** The marker of a film is seen on it, or beside its name: what a file says of the side may be wrong. @param {Pane} pane */
  function tellMarker(pane) {
    if (!showMarker && pane.viewed?.film && pane.transform && !pane.showsWhole) fetchMarker();
    showMarker?.(pane);
  }

  async function fetchMarker() {
    ({ showMarker } = await import('./marker-inset.js'));
    for (const pane of filled()) showMarker(pane);
  }

  /** Films that are linked look where one of them looks. @param {Pane} pane */
  function follow(pane) {
    const { viewed, shown } = pane;
    if (!viewed?.film || !options.linked()) return;
    const here = anatomyOf(viewed, shown.part);
    for (const other of panes) {
      if (other === pane || other.root.hidden || !other.viewed?.film) continue;
      other.look(pane.isFitted ? null : samePlace(pane.toImage(pane.middle), here, anatomyOf(other.viewed, other.shown.part)), pane.magnification);
    }
  }

  /** @param {Pane} pane */
  function painted(pane) {
    showScale(pane.root, lengthsOf(pane.viewed), pane.transform?.scale ?? 0, pane.moving);
    if (!pane.moving) tellScales();
    if (!pane.moving) tellMarker(pane);
    if (pane.viewed && !pane.moving && wantsMore(pane)) options.onFine(pane.viewed);
    options.paintTools(pane);
  }

  const fitAll = () => panes.forEach((pane) => pane.fit());

  /** The pane of an image; undefined where it does not hang. @param {string | null} imageId */
  const of = (imageId) => panes.find(({ root, viewed }) => !root.hidden && viewed !== null && viewed.id === imageId);

  return { show, showWindows, of, fitAll, all: panes };
}

/** @param {Pane} one @param {Pane} other Both with an image. */
const isSameScale = (one, other) =>
  Math.abs((one.transform?.scale ?? 0) / ((other.transform?.scale ?? 1) * pixelRatio(one.viewed, other.viewed)) - 1) < 0.01;

/** Whether a film has more samples than are loaded, and the screen can show them. @param {Pane} pane */
function wantsMore({ shown: { source }, transform, imageSize }) {
  if (!source?.grey || !source.coarse || !transform || !imageSize) return false;
  const [{ width, height }] = source.levels;
  return transform.scale * devicePixelRatio * Math.max(imageSize.width / width, imageSize.height / height) > ENOUGH;
}

/** @param {HTMLElement} root @param {ViewedImage} image @param {string} description */
function labelImage(root, image, description) {
  root.dataset.view = image.view ?? '';
  root.setAttribute('aria-label', description);
  write(role(root, 'name'), image.name);
  write(role(root, 'doubt'), doubtsOf(image.result?.notices ?? []).map((what) => t(`doubts.${what}`)).join(' · '));
  write(role(root, 'depth'), depthWords(image));
  write(role(root, 'file'), fileWords(image));
  role(root, 'edit').setAttribute('aria-label', t('reading.image.edit', { name: image.name }));
}

/**
 * Show in words how the picture differs from the original film, so that nobody reads an enhanced film unknowingly. The map of a field that is unlike
 * the training tissue is doubted where it lies.
 * @param {HTMLElement} root
 * @param {Reading} state
 * @param {ViewedImage} image
 * @param {{turned: boolean, enhanced: boolean, mapped: boolean}} how
 */
function showChips(root, { enhanced: { local, edges } }, { source, result }, { turned, enhanced, mapped }) {
  const film = source?.grey ?? false;
  const suffix = enhanced ? 'on' : 'soon';
  const said = [turned && t('tools.chip.turned'), film && local && t(`tools.chip.local.${suffix}`), film && edges && t(`tools.chip.edges.${suffix}`)];
  if (mapped && result?.notices.some(({ code }) => code === 'unlike_training')) said.push(t('tools.chip.map_doubted'));
  write(role(root, 'chips'), said.filter(Boolean).join(' · '));
}

/** The date of a film that hangs, unless its name says it; of an image without a view its file. @param {ViewedImage} image */
const fileWords = ({ entry, name, view, prior }) =>
  prior && viewOf(entry) ? '' : [entry.study_date && dayWords(entry.study_date), view ? '' : entry.file_name].filter((said) => said && !name.startsWith(said)).join(' · ');

/**
 * Show why a pane has no picture.
 * @param {HTMLElement} root
 * @param {ViewedImage} image
 * @param {(image: ViewedImage) => {words: string, hopeless: boolean}} failureOf
 */
function showNote(root, image, failureOf) {
  const note = role(root, 'note');
  note.hidden = image.source !== null && image.entry.state === 'assessed';
  note.toggleAttribute('data-below', image.source !== null); // of a film that is shown although it was not analysed
  const failed = image.entry.state === 'failed' ? failureOf(image) : null;
  role(root, 'again').hidden = !failed || failed.hopeless;
  role(root, 'stop').hidden = image.entry.state !== 'pending';
  if (note.hidden) return;
  const [symbol, title, words] = noteOf(image, failed?.words ?? '');
  role(note, 'symbol').replaceChildren(icon(symbol));
  role(note, 'title').textContent = title;
  role(note, 'words').textContent = words;
}

/** @param {ViewedImage} image @param {string} failure @returns {[string, string, string]} Icon, title and words. */
function noteOf({ problem, entry }, failure) {
  if (problem) return ['alert', t('reading.failed'), t('reading.picture.failed', { detail: problem.message })];
  if (entry.state === 'failed') return ['alert', t('reading.failed'), failure];
  return entry.state === 'assessed' ? ['queue', t('reading.loading'), ''] : ['queue', t('reading.waiting'), t('reading.waiting.why')];
}
