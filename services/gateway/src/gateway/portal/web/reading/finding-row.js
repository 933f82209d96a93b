// One row of the list of findings: an image as a whole, or a finding.

import { isCalcification } from '../core/kinds.js';
import { modality } from '../core/modalities.js';
import { address } from '../core/api.js';
import { noticesWords, tissueWords } from '../core/codes.js';
import { find, listItems, role, write } from '../core/dom.js';
import { probability, shownProbability } from '../core/numbers.js';
import { moment } from '../core/times.js';
import { apiLanguage, t } from '../core/words.js';
import { unitOf } from '../viewer/image.js';
import { STATES } from '../viewer/palette.js';
import { headlineOf, inWords, malignancyWords } from './certainty.js';
import { marksOfRow } from './findings.js';
import { numberOf } from './numbering.js';
import { referenceTo } from './own.js';
import { showPartner } from './partners.js';
import { depthOf } from './place.js';
import { fromNipple, sizeInShort, sizeWords } from './sizes.js';
import { grownBy, showTrend, trendOfLesion } from './trend.js';
import { changeWords, isWorse, lesionOf, lesionPlace, otherMarks, otherWords, placeOf } from './together.js';
import { findingOf, imageOf, keyOf, nameOf, nameOfMarks, reviewOf, sameTarget } from './targets.js';

/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('../core/types.d.ts').Finding} Finding */
/** @typedef {import('../core/types.d.ts').Result} Result */
/** @typedef {import('./sizes.js').Placed} Placed */

const VERBS = { confirmed: ['reading.confirm', 'reading.confirmed'], dismissed: ['reading.dismiss', 'reading.dismissed'] }; // before, and once it is given

/** @param {HTMLElement} row @param {Reading} state @param {Target} target */
export function fillRow(row, state, target) {
  const image = imageOf(state.images, target);
  if (!image?.result) return;
  const finding = findingOf(state.images, target);
  row.toggleAttribute('data-chosen', sameTarget(state.chosen, target) || (target.index !== null && otherMarks(state, state.chosen).some((mark) => sameTarget(mark, target))));
  row.toggleAttribute('data-lit', sameTarget(state.lit, target));
  fillName(row, state, target);
  write(role(row, 'status'), state.savings[keyOf(target)] ?? '');
  if (finding) {
    fillFinding(row, image, image.result, finding, placeOf(state, target));
    fillTogether(row, state, target);
    showPartner(row, state, referenceTo(target));
  } else fillImage(row, image);
  fillVerdict(row, state, target);
}

/** The name of a row: that of a film, or of the marks of a lesion, abbreviated on screen and in full for screen readers. @param {HTMLElement} row @param {Reading} state @param {Target} target */
function fillName(row, state, target) {
  const marks = marksOfRow(state, target);
  write(role(row, 'what'), target.index === null ? imageOf(state.images, target)?.name ?? '' : nameOfMarks(state, marks));
  if (target.index === null) return;
  write(role(row, 'short'), marks.map((mark) => imageOf(state.images, mark)?.name ?? '').join(' · '));
  write(role(row, 'swatch'), String(numberOf(state, target)));
}

/** @param {HTMLElement} row @param {Reading} state @param {Target} target */
function fillVerdict(row, state, target) {
  const what = nameOf(state, target);
  const review = reviewOf(state.case?.reviews ?? [], target);
  row.dataset.verdict = review?.verdict ?? '';
  for (const [verdict, [verb, past]] of Object.entries(VERBS)) {
    const button = role(row, verdict);
    const given = review?.verdict === verdict;
    const words = t(given ? past : verb);
    button.setAttribute('aria-pressed', String(given));
    button.setAttribute('aria-label', t('reading.verdict.of', { verb: words, what }));
    write(find(button, 'span'), words);
  }
  const text = role(row, 'text', HTMLTextAreaElement);
  const draft = state.drafts[keyOf(target)];
  text.setAttribute('aria-label', t('reading.comment.of', { what }));
  if (document.activeElement !== text) text.value = draft ?? review?.comment ?? '';
  role(row, 'unsaved').hidden = draft === undefined;
  find(row, 'details').toggleAttribute('data-said', Boolean(review?.comment));
  write(role(row, 'by'), review ? t(review.readers_differ ? 'reading.differ' : 'reading.by', { who: review.reviewer, when: moment(review.reviewed_at) }) : '');
}

/**
 * @param {HTMLElement} row
 * @param {import('../viewer/image.js').ViewedImage} image
 * @param {Result} result
 * @param {Finding} finding
 * @param {import('../core/types.d.ts').LesionPlace | null} known
 */
function fillFinding(row, image, result, finding, known) {
  const { state, percent } = headlineOf(result, finding);
  const { probability: there, probability_malignant: suspicion } = finding;
  row.dataset.assessment = state;
  role(row, 'swatch').style.borderColor = STATES[state].colour;
  write(role(row, 'said'), state === 'unknown' ? '' : t(`common.assessment.${state}`));
  write(role(row, 'percent'), percent);
  role(row, 'bar').style.width = `${100 * (suspicion ?? 0)}%`;
  const kind = modality(result.image.modality)?.labels[finding.label] ?? finding.label;
  const calcified = isCalcification(finding);
  row.toggleAttribute('data-calcified', calcified);
  const place = known ? lesionPlace(known).join(' · ') : placeWords(image, finding, !image.view); // the name of a view says the side
  write(role(row, 'place'), [calcified ? `∴ ${kind}` : '', place].filter(Boolean).join(' · '));
  write(role(row, 'words'), malignancyWords(suspicion));
  const present = calcified ? 'reading.finding.there.calcification' : 'reading.finding.there';
  write(role(row, 'there'), t(present, { words: inWords(there), percent: probability(there) }));
  write(role(row, 'kind'), kind);
  write(role(row, 'size'), sizeInShort(result.image, finding));
  role(row, 'size').title = sizeWords(result.image, finding);
}

/** The joint reading of the finding's lesion: its place by both views, its other mark, its change. @param {HTMLElement} row @param {Reading} state @param {Target} target */
function fillTogether(row, state, target) {
  const lesion = lesionOf(state, target);
  const by = new Set(lesion?.marks.map(({ view }) => view)).size === 2 ? 'both' : 'single';
  const [mark, image] = [lesion?.marks.find(({ job_id: job, finding_id: id }) => job === target.jobId && id === target.findingId), imageOf(state.images, target)];
  const far = image?.result ? fromNipple(image.result.image, mark?.from_nipple_mm) : '';
  if (lesion?.place) role(row, 'place').title = [t(`reading.place.hint.${by}`), far].filter(Boolean).join(' · ');
  const told = trendOfLesion(state, target);
  showTrend(row, told, unitOf(told?.image ?? null) === 'detector'); // both films have one plane
  const said = lesion ? [otherWords(state, target), sizesSay(lesion, told) ? '' : changeWords(lesion, state.images)].filter(Boolean) : [];
  role(row, 'together').hidden = said.length === 0;
  write(role(row, 'together'), said.join(' · '));
}

/** Whether the sizes that are shown already express the lesion's change. @param {import('../core/types.d.ts').Lesion} lesion @param {ReturnType<typeof trendOfLesion>} told */
function sizesSay(lesion, told) {
  if (told?.trend.find(({ day }) => day === told.since)?.mm == null) return false;
  return !isWorse(lesion) || (!told.apart && grownBy(told.trend, told.since) > 0);
}

/** The side and the depth on the film. @param {import('../viewer/image.js').ViewedImage} image @param {Placed} finding @param {boolean} [sided] Whether to name the side. */
export function placeWords(image, finding, sided = true) {
  const { laterality } = image.entry;
  const side = laterality && sided ? [t(`examined.laterality.${laterality}`)] : [];
  const depth = depthOf(image, finding);
  return [...side, ...(depth ? [t(`breast.place.${depth}`)] : [])].join(' · ');
}

/** @param {HTMLElement} row @param {import('../viewer/image.js').ViewedImage} image */
function fillImage(row, { film, jobId, result }) {
  if (!result) return;
  const { assessment, thresholds, findings, heat_map: heat, notices } = result;
  const value = shownProbability(result);
  row.dataset.assessment = assessment;
  write(role(row, 'said'), t(`common.assessment.${assessment}`));
  write(role(row, 'percent'), value === null ? '–' : probability(value, thresholds));
  write(role(row, 'words'), malignancyWords(value, result));
  const note = film ? (findings.length ? '' : t('reading.image.none')) : heat ? t(heat.kind === 'tumour' ? 'reading.image.tumour' : 'reading.image.map') : '';
  write(role(row, 'note'), note && `· ${note}`);
  const told = role(row, 'notices');
  const tumour = tissueWords(result);
  const stands = value === null && !notices.some(({ code }) => code === 'unlike_training'); // for a number that the classifier does not give
  write(role(row, 'tumour'), stands ? tumour.join('') : '');
  const items = listItems([...noticesWords(notices), ...(stands ? [] : tumour)]);
  told.hidden = items.length === 0;
  if (told.childElementCount !== items.length) told.replaceChildren(...items); // they do not change
  const query = { format: 'html', lang: apiLanguage };
  role(row, 'link', HTMLAnchorElement).href = address('/api/v1/jobs/{job_id}/report', { params: { job_id: jobId }, query });
}
