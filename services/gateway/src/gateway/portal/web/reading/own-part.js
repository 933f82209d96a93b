// The part of the page that lets a reader draw findings, correct outlines, and say which findings are the same lesion.

import { t } from '../core/words.js';
import { ownMarksOf } from '../viewer/own.js';
import { ownById, ownOf, referenceTo, referenceToOwn } from './own.js';
import { reads } from './state.js';
import { nameOf } from './targets.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').ReaderFinding} ReaderFinding */
/** @typedef {import('../core/types.d.ts').FindingReference} FindingReference */

/** Tools that draw findings. @type {string[]} */
export const DRAWING = ['box', 'oval', 'outline'];

/** The readers' findings on an image, as marks to draw. @param {Reading} state @param {ViewedImage} image */
export const marksOfOwn = (state, image) => ownMarksOf(ownOf(state), image, state.ownChosen);

/**
 * @param {HTMLElement} root Of the section.
 * @param {import('./state.js').ReadingStore} store
 * @param {{
 *   own: ReturnType<typeof import('./own.js').createOwn>,
 *   panes: ReturnType<typeof import('../viewer/panes.js').createPanes>,
 *   tools: ReturnType<typeof import('../viewer/tools.js').createTools>,
 *   tell: (words: string) => void,
 *   fetched: <T>(imported: Promise<T>, script: string) => Promise<T>,
 *   dialog: HTMLDialogElement,
 *   onProblem: (error: unknown) => void,
 *   ask: ReturnType<typeof import('./opinions.js').createOpinions>,
 * }} page
 */
export function createOwnPart(root, store, { own, panes, tools, tell, fetched, dialog, onProblem, ask }) {
  /** @type {ReturnType<typeof import('../viewer/drawing.js').createDrawing> | null} */
  let drawing = null;
  /** @type {ReturnType<typeof import('./naming.js').createNaming> | null} */
  let naming = null;

  /** Load the drawing tools and the menu of kinds when such a tool is first selected, or a row is edited. */
  async function fetchAll() {
    const [{ createDrawing }, { createNaming }] = await Promise.all([
      fetched(import('../viewer/drawing.js'), 'viewer/drawing.js'),
      fetched(import('./naming.js'), 'reading/naming.js'),
    ]);
    drawing ??= createDrawing(store, panes.all, keep);
    naming ??= createNaming(dialog);
    return naming;
  }

  /** @param {string} imageId @param {import('../viewer/own.js').Drawn} what @param {import('../viewer/geometry.js').Point} at */
  async function keep(imageId, what, at) {
    const { images, correcting } = store.state;
    const image = images.find(({ id }) => id === imageId);
    const corrected = image && correcting?.job_id === image.jobId ? correcting : null;
    const named = corrected ? { kind: /** @type {const} */ ('mass'), comment: '' } : await naming?.(t('reading.own.what'), at, image?.film ?? true);
    if (image && named && (await own.draw(image, what, named, corrected))) tools.take('move');
    drawing?.clear();
  }

  /** @param {ReaderFinding} finding @param {HTMLElement} button */
  async function change(finding, button) {
    try {
      const { left, bottom } = button.getBoundingClientRect();
      const film = store.state.images.find(({ id }) => id === finding.image_id)?.film ?? true;
      const named = await (await fetchAll())(t('reading.own.what'), { x: left, y: bottom }, film, finding);
      if (named && (named.kind !== finding.kind || named.comment !== finding.comment)) await own.rename(finding, named);
      button.focus();
    } catch (error) {
      onProblem(error);
    }
  }

  /** Choose a finding, or link it with the one that waits for a partner. @param {string} id */
  function pick(id) {
    if (meet(referenceToOwn(id))) return;
    const finding = ownById(store.state, id);
    const image = store.state.images.find((other) => other.id === finding?.image_id);
    if (!finding || !image) return;
    store.update({ ...reads(image), chosen: null, ownChosen: id });
    const mark = marksOfOwn(store.state, image).find((other) => other.id === id);
    if (mark) panes.of(image.id)?.frame(mark.box);
  }

  /** Link a chosen finding with the one that waits for a partner; returns whether one waits. @param {FindingReference} reference */
  function meet(reference) {
    const { pairing } = store.state;
    if (!pairing) return false;
    store.update({ pairing: null });
    own.pair(pairing, reference);
    return true;
  }

  /** Wait until the reader chooses the finding that is the same lesion. @param {FindingReference} reference */
  function pair(reference) {
    store.update({ pairing: reference });
    tell(t('reading.own.pair.choose'));
  }

  const actions = { pick, change, erase: own.erase, pair: (/** @type {string} */ id) => pair(referenceToOwn(id)), part: own.part, ask };
  /** @type {ReturnType<typeof import('./own-list.js').createOwnList> | null} */
  let list = null;
  let asked = false;

  /** Load the list when a reader has drawn something. @param {Reading} state */
  async function showList(state) {
    if (list || asked || !ownOf(state).length) return list?.(state);
    asked = true;
    try {
      const { createOwnList } = await fetched(import('./own-list.js'), 'reading/own-list.js');
      list = createOwnList(root, actions);
      list(store.state);
    } catch (error) {
      asked = false;
      onProblem(error);
    }
  }

  store.subscribe(['case', 'images', 'together', 'ownChosen', 'opinions'], showList);
  store.subscribe(['tool'], ({ tool }) => {
    if (DRAWING.includes(tool)) fetchAll().catch(onProblem);
  });

  return {
    pick,
    meet: (/** @type {Target} */ target) => target.index !== null && meet(referenceTo(target)),
    pair: (/** @type {Target} */ target) => pair(referenceTo(target)),

    /** Let the reader correct the outline of a finding of the system. @param {Target} target */
    correct(target) {
      tools.take('outline');
      store.update({ correcting: referenceTo(target) });
      tell(t('reading.own.correct.draw', { what: nameOf(store.state, target) }));
    },

    /** Cancel a drawing or a link that was begun. */
    drop() {
      const { tool, pairing } = store.state;
      if (pairing || DRAWING.includes(tool)) tell('');
      if (pairing) store.update({ pairing: null });
      if (tool !== 'move') tools.take('move');
      drawing?.drop();
    },

    /** The drawing tool, if one is selected. */
    get drawing() {
      return DRAWING.includes(store.state.tool) ? drawing : null;
    },

    /** @param {import('../viewer/pane.js').Pane} pane */
    paint: (pane) => drawing?.paint(pane),
  };
}
