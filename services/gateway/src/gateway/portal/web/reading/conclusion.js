// Shows the system's conclusion on the case, with its reasons and suggestions.

import { doubtWords } from '../core/codes.js';
import { ASSESSMENT_ICONS, find, icon, listItems, role, write } from '../core/dom.js';
import { probability, shownProbability } from '../core/numbers.js';
import { list as commas, t } from '../core/words.js';
import { certaintyOf, malignancyWords } from './certainty.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */

/**
 * The conclusion section of the panel.
 * @param {HTMLElement} root
 * @param {(image: ViewedImage) => void} onChoose A reason was clicked that speaks of an image.
 */
export function createConclusion(root, onChoose) {
  const unevaluated = (root.dataset.unevaluated ?? '').split(' ');
  /** @param {Reading} state */
  return ({ case: detail, images, together }) => {
    if (!detail) return;
    const { assessment, probability_malignant: value, reasons, suggestions } = detail.conclusion;
    root.dataset.assessment = assessment ?? '';
    const ended = detail.state === 'failed'; // nothing could be assessed, and nothing is awaited
    role(root, 'symbol').replaceChildren(icon(assessment ? ASSESSMENT_ICONS[assessment] : ended ? 'alert' : 'queue'));
    write(role(root, 'assessment'), t(assessment ? `common.assessment.${assessment}` : ended ? 'reading.failed' : 'reading.conclusion.none'));
    const source = images.find(({ result }) => result && shownProbability(result) === value)?.result; // rounding carries its number over no threshold
    write(role(root, 'percent'), value === null ? '' : probability(value, source?.thresholds));
    const failed = images.filter(({ prior, entry }) => !prior && entry.state === 'failed').length;
    const incomplete = failed ? [t('reading.conclusion.incomplete', { count: failed })] : [];
    write(role(root, 'of'), assessment ? [malignancyWords(value, source, together), ...sides(together), ...incomplete].join(' · ') : '');
    const unlike = images.filter(({ prior, result }) => !prior && result?.notices.some(({ code }) => unevaluated.includes(code)));
    const unlikely = unlike.length ? [t('reading.conclusion.unevaluated', { images: commas(unlike.map(({ name }) => name)) })] : [];
    write(role(root, 'unevaluated'), [...unlikely, ...doubtsOfAll(images)].join('\n'));
    write(role(root, 'highest'), value === null ? '' : t('reading.probability.highest', { words: certaintyOf(value, source, together) }));
    const imageOfJob = (/** @type {string | null} */ job) => images.find(({ jobId }) => jobId === job);
    const items = reasons.map(({ text, job_id: job }) => reasonItem(text, imageOfJob(job)));
    list('reasons', JSON.stringify([reasons, items.map(({ children }) => children.length)]), items);
    list('suggestions', JSON.stringify(suggestions), listItems(suggestions.map(({ text }) => text)));
  };

  /** Replace items only if they changed, so that the focus is kept. @param {string} name @param {string} key @param {HTMLElement[]} items */
  function list(name, key, items) {
    const section = role(root, name);
    const place = find(section, 'ul');
    section.hidden = items.length === 0;
    if (place.dataset.words === key) return;
    place.dataset.words = key;
    place.replaceChildren(...items);
  }

  /** @param {string} text @param {ViewedImage | undefined} image */
  function reasonItem(text, image) {
    const [item] = listItems([image ? '' : text]);
    if (!image) return item;
    const go = document.createElement('button');
    go.type = 'button';
    go.className = 'plain';
    go.textContent = text;
    go.addEventListener('click', () => onChoose(image));
    item.append(go);
    return item;
  }
}

const UP_TO = 'tumour_map_disagrees';

/**
 * The doubts about films, such as about the side of the breast; films with the same doubt are listed together, and so are fields whose
 * maps mark something, with the highest of their probabilities.
 * @param {ViewedImage[]} images
 */
function doubtsOfAll(images) {
  const all = images.flatMap(({ result }) => result?.notices ?? []);
  const [highest] = all.filter(({ code }) => code === UP_TO).sort((one, other) => parseFloat(other.values?.percent ?? '') - parseFloat(one.values?.percent ?? ''));
  /** @type {Map<string, string[]>} */
  const said = new Map();
  for (const { name, result } of images) for (const words of doubtWords((result?.notices ?? []).map((notice) => (notice.code === UP_TO ? highest : notice)))) said.set(words, [...(said.get(words) ?? []), name]);
  return [...said].map(([value, names]) => t('findings.of_image', { image: commas(names), value }));
}

/** How suspicious each breast is, the more suspicious one first; empty until the films are read together. @param {Reading['together']} together */
const sides = (together) =>
  (together?.breasts ?? [])
    .flatMap(({ laterality, probability_malignant: value }) => (value === null ? [] : [{ laterality, value }]))
    .sort((one, other) => other.value - one.value)
    .map(({ laterality, value }) => `${t(`examined.laterality.${laterality}`)} ${probability(value)}`);
