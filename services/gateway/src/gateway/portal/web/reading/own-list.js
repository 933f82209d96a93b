// The section of the readers' findings: a row for each, with its letter, separate from the system's findings.

import { copy, onRow, role, write } from '../core/dom.js';
import { clock, moment } from '../core/times.js';
import { sentences, t } from '../core/words.js';
import { hung, letterOf } from '../viewer/own.js';
import { placeWords } from './finding-row.js';
import { drawnPlace } from './axis.js';
import { fromNipple, sizeOn } from './sizes.js';
import { lesionPlace } from './together.js';
import { isJudged, opinionOf } from './opinions.js';
import { ownOf, referenceToOwn } from './own.js';
import { nameOfReference, showPartner } from './partners.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').ReaderFinding} ReaderFinding */

/** Where a finding is in the breast and how far from the nipple; where the axis of its film is not known, its side and depth. @param {Reading} state @param {ReaderFinding} finding @param {ViewedImage} image @param {import('./sizes.js').Placed} lies As the film hangs. */
function ownPlace(state, finding, image, lies) {
  const known = drawnPlace(state, finding);
  if (!known || !image.result) return placeWords(image, lies);
  const side = image.view ? [] : [t(`examined.laterality.${image.entry.laterality}`)]; // the name of a view says the side
  return [...side, ...lesionPlace(known.place), fromNipple(image.result.image, known.mm)].filter(Boolean).join(' · ');
}

/**
 * @param {HTMLElement} root
 * @param {{
 *   pick: (id: string) => void,
 *   change: (finding: ReaderFinding, button: HTMLElement) => void,
 *   erase: (finding: ReaderFinding) => void,
 *   pair: (id: string) => void,
 *   part: (markId: string) => void,
 *   ask: (finding: ReaderFinding) => void,
 * }} actions
 */
export function createOwnList(root, { pick, change, erase, pair, part, ask }) {
  const list = role(root, 'own-list');
  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();
  /** @type {Map<string, ReaderFinding>} */
  const shown = new Map();

  /** @param {string} id */
  function create(id) {
    const row = copy('own-row');
    const now = () => /** @type {ReaderFinding} */ (shown.get(id));
    onRow(row, () => pick(id));
    role(row, 'change').addEventListener('click', () => change(now(), role(row, 'change')));
    role(row, 'erase').addEventListener('click', () => erase(now()));
    role(row, 'ask').addEventListener('click', () => ask(now()));
    role(row, 'pair').addEventListener('click', () => pair(id));
    role(row, 'part').addEventListener('click', ({ currentTarget }) => part(/** @type {HTMLElement} */ (currentTarget).dataset.mark ?? ''));
    return row;
  }

  /** @param {HTMLElement} row @param {Reading} state @param {ReaderFinding} finding */
  function fill(row, state, finding) {
    const image = state.images.find(({ id }) => id === finding.image_id);
    const letter = letterOf(finding.number);
    const what = t('reading.own.name', { letter });
    row.toggleAttribute('data-chosen', state.ownChosen === finding.id);
    write(role(row, 'letter'), letter);
    write(role(row, 'kind'), t(`clinical.kind.${finding.kind}`));
    write(role(row, 'film'), image?.name ?? '');
    const lies = image?.result ? hung(/** @type {import('../viewer/own.js').Drawn} */ (finding), image) : null;
    write(role(row, 'place'), image && lies ? ownPlace(state, finding, image, lies) : '');
    write(role(row, 'size'), image && lies ? sizeOn(image, lies) : '');
    const by = role(row, 'by');
    write(by, t('reading.by', { who: finding.author, when: clock(finding.drawn_at) }));
    by.title = moment(finding.drawn_at);
    write(role(row, 'note'), finding.comment);
    write(role(row, 'corrects'), finding.corrects ? t('reading.own.corrects', { what: nameOfReference(state, finding.corrects) }) : '');
    role(row, 'ask').hidden = !isJudged(state, finding);
    role(row, 'ask').setAttribute('aria-label', t('reading.verdict.of', { verb: t('reading.opinion.ask'), what }));
    write(role(row, 'opinion'), sentences(opinionOf(state, finding)));
    for (const [name, verb] of [['change', 'change'], ['erase', 'erase'], ['pair', 'pair']])
      role(row, name).setAttribute('aria-label', t('reading.verdict.of', { verb: t(`reading.own.${verb}`), what }));
    showPartner(row, state, referenceToOwn(finding.id));
  }

  /** @param {Reading} state */
  return (state) => {
    const findings = ownOf(state);
    const ids = new Set(findings.map(({ id }) => id));
    for (const [id, row] of rows)
      if (!ids.has(id)) {
        row.remove();
        rows.delete(id);
      }
    for (const [index, finding] of findings.entries()) {
      shown.set(finding.id, finding);
      const row = rows.get(finding.id) ?? create(finding.id);
      rows.set(finding.id, row);
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
      fill(row, state, finding);
    }
    write(role(root, 'own-count'), findings.length ? String(findings.length) : '');
  };
}
