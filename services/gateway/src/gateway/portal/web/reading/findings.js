// Selects the findings that exist, are shown, and lack a verdict. Pure functions.

import { slotsOf } from '../viewer/hanging.js';
import { drawnOverlays } from '../viewer/tools.js';
import { headlineOf } from './certainty.js';
import { judged, withResult } from './state.js';
import { numberOf } from './numbering.js';
import { otherMarks } from './together.js';
import { findingOf, imageOf, keyOf, reviewOf, sameTarget, targetOf, targetsOf } from './targets.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').Result} Result */

/** The probability from which a finding is shown. @param {Reading} state @param {Result} result */
const limitOf = ({ threshold }, { thresholds }) => threshold ?? thresholds.finding;

/** @param {Reading} state @param {Target} target */
export const verdictOf = (state, target) => reviewOf(state.case?.reviews ?? [], target)?.verdict ?? null;

/** The headline of the row that contains a mark, so that all marks of a lesion look alike. @param {Reading} state @param {Target} target */
function headlineOfRow(state, target) {
  const head = marksOfRow(state, target).reduce((most, mark) => (suspicion(state, mark) > suspicion(state, most) ? mark : most));
  const [result, finding] = [imageOf(state.images, head)?.result, findingOf(state.images, head)];
  return headlineOf(/** @type {Result} */ (result), finding ?? {}, numberOf(state, target));
}

/** The marks to draw on an image: every finding from the threshold on. @param {Reading} state @param {ViewedImage} image */
export function marksOf(state, image) {
  const { result } = image;
  if (!result) return [];
  const others = otherMarks(state, state.chosen);
  return result.findings.flatMap((finding, index) => {
    if (finding.probability < limitOf(state, result)) return [];
    const target = targetOf(image, index);
    return [{
      finding,
      index,
      ...headlineOfRow(state, target),
      selected: [state.chosen, ...others].some((mark) => sameTarget(mark, target)),
      faded: verdictOf(state, target) === 'dismissed',
      lit: sameTarget(state.lit, target),
    }];
  });
}

/** Whether the threshold hides a target. @param {Reading} state @param {Target} target */
export function isHidden(state, target) {
  const finding = findingOf(state.images, target);
  const result = state.images.find(({ id }) => id === target.imageId)?.result;
  return Boolean(finding && result && finding.probability < limitOf(state, result));
}

/** The suspicion of a finding. @param {Reading} state @param {Target} target */
const suspicion = (state, target) => findingOf(state.images, target)?.probability_malignant ?? -1;

/** The suspicion of a finding's lesion: that of its most suspicious mark. @param {Reading} state @param {Target} target */
const suspicionOfLesion = (state, target) => Math.max(...[target, ...otherMarks(state, target)].map((mark) => suspicion(state, mark)));

/** Whether a mark of a lesion has a row of its own: it has a comment, or another verdict than the other mark. @param {Reading} state @param {Target} target @param {Target} other */
function saysMore({ case: detail, drafts }, target, other) {
  const [own, theirs] = [target, other].map((one) => reviewOf(detail?.reviews ?? [], one));
  return Boolean(own?.comment) || keyOf(target) in drafts || (own?.verdict ?? null) !== (theirs?.verdict ?? null);
}

/** The most suspicious lesion first, whatever film shows it. @param {Reading} state @param {Target[]} targets */
const ordered = (state, targets) => [...targets].sort((one, other) => suspicionOfLesion(state, other) - suspicionOfLesion(state, one));

/** The other marks of a lesion that share the row of one. @param {Reading} state @param {Target} target */
const alike = (state, target) => otherMarks(state, target).filter((other) => !saysMore(state, target, other) && !saysMore(state, other, target));

/** The marks of a row, CC before MLO: all of a lesion, unless they have separate rows. @param {Reading} state @param {Target} target @returns {Target[]} */
export const marksOfRow = (state, target) => inOrder(state, [target, ...alike(state, target).filter((other) => !isHidden(state, other))]);

/** The marks of a lesion as they are named, CC before MLO. @param {Reading} state @param {Target[]} marks */
function inOrder(state, marks) {
  const place = (/** @type {Target} */ { imageId }) => state.images.findIndex(({ id }) => id === imageId);
  const isCc = (/** @type {Target} */ mark) => Number(imageOf(state.images, mark)?.view?.endsWith('CC') ?? false);
  return marks.sort((one, other) => isCc(other) - isCc(one) || place(one) - place(other));
}

/**
 * One target for each lesion: the most suspicious of its marks among the targets.
 * @param {Reading} state
 * @param {Target[]} targets
 */
export function heads(state, targets) {
  const place = (/** @type {Target} */ target) => targets.findIndex((one) => sameTarget(one, target));
  return targets.filter((target, index) => {
    return otherMarks(state, target).every((other) => {
      const at = place(other);
      if (at < 0 || saysMore(state, target, other)) return true;
      const more = suspicion(state, target) - suspicion(state, other);
      return more > 0 || (more === 0 && index < at);
    });
  });
}

/**
 * The other marks of a lesion that get the verdict on one, too: all are drawn on hung films, and none has a row of its own.
 * @param {Reading} state
 * @param {Target} target
 * @returns {Target[]}
 */
export function coupledTo(state, target) {
  const { boxes, outlines } = drawnOverlays(state);
  const drawn = (/** @type {Target} */ one) => !isHidden(state, one) && slotsOf(state).some(({ id, source }) => id === one.imageId && source);
  return (boxes || outlines) && drawn(target) ? alike(state, target).filter(drawn) : [];
}

/** The state as it will be once a verdict is saved. @param {Reading} state @param {Target[]} targets @param {import('./state.js').Verdict} verdict @returns {Reading} */
export function withVerdict(state, targets, verdict) {
  const { case: detail } = state;
  if (!detail) return state;
  const said = targets.map((target) => {
    const blank = { job_id: target.jobId, finding: String(target.index ?? 'image'), finding_id: target.findingId, readers_differ: false, comment: '', reviewer: '', reviewed_at: '' };
    return { ...blank, ...reviewOf(detail.reviews, target), verdict };
  });
  const others = detail.reviews.filter(({ job_id: job, finding_id: id }) => !targets.some((target) => target.jobId === job && target.findingId === id));
  return { ...state, case: { ...detail, reviews: [...others, ...said] } };
}

/** All targets of the list, in its order: the shown findings of the current examination, a lesion once; then fields, then films. @param {Reading} state */
export function shownTargets(state) {
  const images = judged(state);
  const wholes = [...fieldsOf(state), ...images.filter(({ film, result }) => film && result).map((image) => targetOf(image))];
  const findings = images.flatMap(targetsOf).filter((target) => target.index !== null && !isHidden(state, target));
  return [...ordered(state, heads(state, findings)), ...wholes];
}

/** The number of findings that the threshold hides, and the threshold. @param {Reading} state */
export function hiding(state) {
  const read = withResult(judged(state));
  const hidden = read.flatMap(({ result }) => result.findings.filter(({ probability }) => probability < limitOf(state, result)));
  const limit = state.threshold ?? Math.max(0, ...read.map(({ result }) => limitOf(state, result)));
  return { count: hidden.length, limit, films: read.some(({ image }) => image.marks) };
}

/** The findings of the current examination that the report marks, regardless of the threshold. @param {Reading} state */
export const markedTargets = (state) =>
  withResult(judged(state)).flatMap(({ image, result }) =>
    result.findings.flatMap(({ probability }, index) => (probability >= result.thresholds.finding ? [targetOf(image, index)] : [])),
  );

/** The fields of the current examination, each of which is judged as a whole. @param {Reading} state */
const fieldsOf = (state) => judged(state).filter(({ film, result }) => !film && result).map((image) => targetOf(image));

/** The marked findings and the fields without a verdict. @param {Reading} state */
export const unreviewed = (state) => [...markedTargets(state), ...fieldsOf(state)].filter((target) => !verdictOf(state, target));

/** Targets grouped by lesion, the most suspicious first, unless its marks have separate rows. @param {Reading} state @param {Target[]} targets @returns {Target[][]} */
export function byLesion(state, targets) {
  const first = heads(state, targets);
  const without = targets.filter((target) => !first.some((head) => sameTarget(head, target)));
  return ordered(state, first).map((head) => inOrder(state, [head, ...otherMarks(state, head).filter((mark) => without.some((target) => sameTarget(mark, target)))]));
}

/** What waits for a verdict: the marked findings, each lesion once, the most suspicious first, then the fields. @param {Reading} state */
export const toReview = (state) => [...ordered(state, heads(state, markedTargets(state))), ...fieldsOf(state)];

/** The targets with a comment that is not saved. @param {Reading} state */
export const drafted = (state) => state.images.flatMap(targetsOf).filter((target) => keyOf(target) in state.drafts);
