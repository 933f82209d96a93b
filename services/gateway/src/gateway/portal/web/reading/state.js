// The state of the reading page, and values that are derived from it.

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../viewer/window.js').Window} Window */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../core/types.d.ts').CaseDetail} CaseDetail */
/** @typedef {import('../core/types.d.ts').Review} Review */
/** @typedef {import('../core/types.d.ts').Verdict} Verdict */

/** @typedef {import('./stated.js').Breast} Breast */
/** @typedef {{verdict: Verdict | null, comment: string}} Said */
/** @typedef {'move' | 'zoom' | 'window' | 'magnify' | 'value' | 'ruler' | 'ellipse' | 'angle' | 'box' | 'oval' | 'outline'} ToolName What a hand on a film does. */
/** @typedef {{local: boolean, edges: boolean}} Enhanced Whether local contrast and edges are enhanced. */
/** @typedef {{target: Target, before: Said, after: Review | null, also?: boolean}} SaidChange What was said of a target; `also`: with
 *     the change before, of the other mark of a lesion. */
/** @typedef {{own: string, name: string, before: import('../core/types.d.ts').ReaderFinding | null}} OwnChange What became of a reader's own finding, by its id. */
/** @typedef {SaidChange | OwnChange} Change What can be undone. */

/**
 * @typedef {object} OwnReading
 * @property {CaseDetail | null} case
 * @property {import('../core/types.d.ts').CaseImage[]} earlier Films of earlier examinations that lie in other cases.
 * @property {string | null} etag Of the case.
 * @property {Target | null} chosen What the next verdict is given on.
 * @property {string | null} ownChosen A finding that a reader drew.
 * @property {import('../core/types.d.ts').FindingReference | null} correcting Whose outline the reader draws anew.
 * @property {import('../core/types.d.ts').FindingReference | null} pairing For which the reader chooses another that is the same lesion.
 * @property {import('../core/types.d.ts').ReadingTogether | null} together What the films say together; null until it is known.
 * @property {boolean} awaited Whether they are still being read together.
 * @property {Record<string, {region: string, words: string[]}>} opinions What the system thinks of readers' findings, as sentences, by finding.
 * @property {Target | null} lit What was touched a moment ago: its mark shows, whatever is hidden.
 * @property {import('../viewer/overlay.js').Overlays} overlays
 * @property {boolean} cropped Whether films fill their panes with the breast.
 * @property {ToolName} tool In the reader's hand.
 * @property {boolean} linked Whether films are zoomed, panned and windowed together.
 * @property {Record<string, import('../core/types.d.ts').Hanging>} turns How the reader turned images, by image.
 * @property {Enhanced} enhanced What is asked for.
 * @property {Record<string, import('../viewer/enhancing.js').EnhancedFilm>} enhancedFilms What is there of it, by image.
 * @property {Record<string, import('../viewer/measures.js').Measure[]>} measures By image; kept until the page is left.
 * @property {'marks' | 'heat' | 'difference' | null} peek A key that is held hides the marks, or shows a map.
 * @property {{R: Breast, L: Breast}} breasts What the reader states of each.
 * @property {Record<string, Window>} windows The reader's own, by image; else as the file says.
 * @property {number | null} threshold The reader's own; until there is one, each model's working threshold.
 * @property {string[]} seen Images whose picture hung, by their ids.
 * @property {Record<string, string>} drafts Comments that were typed and are not saved yet, by key of their target.
 * @property {Record<string, string>} savings What becomes of what was said, in words, by key of its target.
 * @property {Change[]} changes What can be undone, the last one first to go.
 * @property {number} saving How many verdicts and comments are being saved.
 * @property {{words: string, bad: boolean}} line What was done last.
 * @property {import('../core/dom.js').Note} trouble
 * @property {string} announced
 */
/** @typedef {OwnReading & import('../viewer/hanging.js').Hung} Reading */
/** @typedef {import('../core/store.js').Store<Reading>} ReadingStore */

/** @type {Omit<Reading, 'overlays' | 'cropped'>} */
export const NOTHING_YET = {
  case: null,
  earlier: [],
  etag: null,
  images: [],
  activeId: null,
  lastFilmId: null,
  lastFieldId: null,
  layout: null,
  chosen: null,
  ownChosen: null,
  correcting: null,
  pairing: null,
  together: null,
  awaited: false,
  opinions: {},
  lit: null,
  seen: [],
  tool: 'move',
  linked: true,
  turns: {},
  enhanced: { local: false, edges: false },
  enhancedFilms: {},
  measures: {},
  peek: null,
  breasts: { R: {}, L: {} },
  windows: {},
  threshold: null,
  drafts: {},
  savings: {},
  changes: [],
  saving: 0,
  line: { words: '', bad: false },
  trouble: { words: '' },
  announced: '',
};

/** The images that are judged: those of the current examination. @param {Reading} state */
export const judged = ({ images }) => images.filter(({ prior }) => !prior);

/** The images with a result. @param {ViewedImage[]} images */
export const withResult = (images) => images.flatMap((image) => (image.result ? [{ image, result: image.result }] : []));

/** Change an image in the state. @param {Reading} state @param {string} id @param {Partial<ViewedImage>} change */
export const withImage = ({ images }, id, change) => ({
  images: images.map((image) => (image.id === id ? { ...image, ...change } : image)),
});

/** The change of the state that makes another image the current one. @param {ViewedImage | null} image @returns {Partial<Reading>} */
export const reads = (image) =>
  image ? { activeId: image.id, [image.film ? 'lastFilmId' : 'lastFieldId']: image.id } : { activeId: null };
