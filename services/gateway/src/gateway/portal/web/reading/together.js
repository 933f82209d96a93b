// Shows the joint reading of an examination: the place of a finding by both views, and its mark on the other view.

import { call } from '../core/api.js';
import { probability } from '../core/numbers.js';
import { loop } from '../core/poll.js';
import { dayWords } from '../core/times.js';
import { list, t } from '../core/words.js';
import { bandOf } from '../viewer/band.js';
import { numberOf } from './numbering.js';
import { findingOf, imageOf, targetOf } from './targets.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../core/types.d.ts').Lesion} Lesion */
/** @typedef {import('../core/types.d.ts').LesionMark} LesionMark */
/** @typedef {import('../core/types.d.ts').LesionPlace} LesionPlace */

const ASK_AGAIN_MS = 1500; // at first, then twice as long each time
const MOST_PATIENT_MS = 30000;
const PENDING = ['queued', 'running'];

/** @param {LesionMark} mark @param {Target} target */
const isMark = ({ job_id: job, finding_id: finding }, target) => job === target.jobId && finding === target.findingId;

/** The lesion of a finding; null if the films were not read together, and for images. @param {Pick<Reading, 'together'>} state @param {Target} target @returns {Lesion | null} */
export const lesionOf = ({ together }, target) =>
  together?.breasts.flatMap(({ lesions }) => lesions ?? []).find(({ marks }) => marks.some((mark) => isMark(mark, target))) ?? null;

/** The place of a finding in its breast: that of its lesion, or of calcifications; null if it is not known. @param {Pick<Reading, 'together'>} state @param {Target} target @returns {LesionPlace | null} */
export function placeOf(state, target) {
  const clusters = state.together?.breasts.flatMap(({ calcifications }) => calcifications ?? []);
  return lesionOf(state, target)?.place ?? clusters?.find(({ mark }) => isMark(mark, target))?.place ?? null;
}

/** The other marks of a finding's lesion, those on the other view first. @param {Pick<Reading, 'together' | 'images'>} state @param {Target | null} target @returns {Target[]} */
export function otherMarks(state, target) {
  const marks = (target && lesionOf(state, target)?.marks) ?? [];
  const view = marks.find((mark) => target && isMark(mark, target))?.view;
  const others = marks.filter((mark) => target && !isMark(mark, target)).sort((one, other) => Number(one.view === view) - Number(other.view === view));
  return others.flatMap((mark) => {
    const image = state.images.find(({ jobId }) => jobId === mark.job_id);
    const index = image?.result?.findings.findIndex(({ id }) => id === mark.finding_id) ?? -1;
    return image && index >= 0 ? [targetOf(image, index)] : [];
  });
}

/** Whether a finding's lesion has a mark on films of a view. @param {Reading} state @param {Target} target @param {string | null} view */
const isSeenOn = (state, target, view) => otherMarks(state, target).some((mark) => imageOf(state.images, mark)?.view === view);

/** The band in which the chosen finding would lie on a film of the other view that has no mark of it. @param {Reading} state @param {import('../viewer/image.js').ViewedImage} image @returns {import('../viewer/pane.js').Shown['band']} */
export function chosenBand(state, image) {
  const { chosen, images } = state;
  const [from, finding] = [imageOf(images, chosen), chosen && findingOf(images, chosen)];
  if (!from || !finding || !chosen || isSeenOn(state, chosen, image.view)) return null;
  const band = bandOf(from, finding.box, image);
  return band && { ...band, words: t('reading.band', { what: String(numberOf(state, chosen)) }) };
}

/** The place of a lesion, in words; a clock position includes the quadrant. @param {LesionPlace} place @returns {string[]} */
export function lesionPlace({ across, along, clock, depth, retroareolar }) {
  if (retroareolar) return [t('breast.place.retroareolar')];
  const parts = clock ? [t('breast.place.hour', { hour: clock })] : [along, across].flatMap((part) => (part ? [t(`breast.place.${part}`)] : []));
  return [...parts, t(`breast.place.${depth}`)];
}

/** Whether a lesion is new or has grown, which is always stated, because the sizes of one view may not show it. @param {Pick<Lesion, 'change'>} lesion */
export const isWorse = ({ change }) => change?.change === 'new' || change?.change === 'grown';

/**
 * The change of a lesion since an earlier examination, in words; empty if unknown.
 * @param {Lesion} lesion
 * @param {import('../viewer/image.js').ViewedImage[]} [images] With that earlier examination, whose day is told then.
 */
export function changeWords({ change }, images = []) {
  if (!change || change.change === 'not_comparable') return '';
  const mm = grownBy(change);
  const by = mm === null ? change.growth == null ? null : `${Math.abs(Math.round(100 * change.growth))}%` : `${Math.abs(mm)} mm`;
  const day = images.find(({ jobId }) => jobId === change.earlier)?.entry.examination;
  const since = day ? dayWords(day) : t('reading.change.earlier');
  if (by === null || change.change === 'stable' || change.change === 'new') return t(`reading.change.${change.change}`, { day: since });
  return t(`reading.change.${change.change}.by`, { by, day: since });
}

/** Whole mm that a lesion has grown: the difference of the sizes that are shown, as in report and worklist; null where it is not known. @param {NonNullable<Lesion['change']>} change */
export function grownBy({ before_mm: before, now_mm: now, growth_mm: growth }) {
  if (before == null || now == null) return growth == null ? null : Math.round(growth);
  return Math.round(now) - Math.round(before);
}

/** Which films of the other view show a finding's lesion and the probability of that, in words; empty where none does. @param {Reading} state @param {Target} target */
export function otherWords(state, target) {
  const lesion = lesionOf(state, target);
  const own = imageOf(state.images, target)?.view;
  const others = otherMarks(state, target).flatMap((mark) => imageOf(state.images, mark) ?? []).filter(({ view }) => view !== own);
  if (!others.length || lesion?.same_lesion == null) return '';
  return t('reading.together', { what: list(others.map(({ name }) => name)), percent: probability(lesion.same_lesion) });
}

/**
 * Asks for the reading whenever the case has changed, until it is there; `again` asks once more.
 * @param {import('./state.js').ReadingStore} store
 * @param {string} caseId
 */
export function followTogether(store, caseId) {
  let revision = -1;
  /** @type {import('../core/poll.js').Loop | null} */
  let watcher = null;

  let wait = ASK_AGAIN_MS;

  async function ask() {
    const { body } = await call('get', '/api/v1/cases/{case_id}/examination', { params: { case_id: caseId } });
    const finished = store.state.awaited && body.reading !== null;
    store.update({ together: body.reading, awaited: PENDING.includes(body.state), ...(finished ? { announced: t('reading.renumbered') } : {}) });
    wait = Math.min(2 * wait, MOST_PATIENT_MS);
    return PENDING.includes(body.state) ? wait / 2 : null;
  }

  /** @param {Reading} state */
  function caseChanged({ case: detail, images }) {
    if (!detail || detail.state === 'analysing' || detail.revision === revision || !images.some(({ film }) => film)) return;
    revision = detail.revision;
    wait = ASK_AGAIN_MS;
    watcher?.stop();
    watcher = loop(ask, () => {}); // the case's own feed tells of troubles
  }

  return {
    caseChanged,
    async again() {
      if (watcher) await ask();
    },
  };
}
