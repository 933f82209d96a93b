// The state of a case that two people read, and both reads side by side once both are signed.

import { asProblem, call } from '../core/api.js';
import { confirmed } from '../core/confirm.js';
import { all, byId, find, role, write } from '../core/dom.js';
import { list, t } from '../core/words.js';
import { byLesion } from './findings.js';
import { SIDES } from './stated.js';
import { nameOfMarks, targetAt } from './targets.js';

/** @typedef {import('../core/types.d.ts').Reads} Reads */
/** @typedef {Reads['reads'][number]} Read */
/** @typedef {import('./state.js').Reading} Reading */

/**
 * @param {HTMLElement} page The reading page.
 * @param {import('./state.js').ReadingStore} store
 * @param {{refresh: () => Promise<void>, tell: (words: string) => void, onProblem: (error: unknown) => void}} actions
 */
export function createTwo(page, store, { refresh, tell, onProblem }) {
  const root = role(page, 'two');
  const sign = role(page, 'sign', HTMLButtonElement);
  const dialog = byId('anew', HTMLDialogElement);
  const where = { params: { case_id: store.state.case?.id ?? '' } };
  /** @type {Reads | null} */
  let told = null;
  let seen = '';

  /** Fetch the reads again if the case's state or revision changed. */
  async function look() {
    const { case: detail } = store.state;
    const key = `${detail?.state} ${detail?.revision}`;
    if (key !== seen) {
      seen = key;
      try {
        ({ body: told } = await call('get', '/api/v1/cases/{case_id}/reads', where));
      } catch (error) {
        seen = '';
        onProblem(asProblem(error));
      }
      show();
    }
    showSign();
  }

  function show() {
    if (!told) return;
    const { reads, disagreements, may } = told;
    root.hidden = false;
    write(role(root, 'stage'), t(`reading.two.${stageOf(told)}`));
    const sides = [...SIDES, null];
    const differ = sides.flatMap((side) => {
      const subjects = disagreements.filter((each) => each.side === side).map(({ subject }) => t(`reading.two.differ.${subject}`));
      if (!subjects.length) return [];
      return [side ? t('reading.two.differ.of', { side: t(`clinical.side.${side}`), what: list(subjects) }) : list(subjects)];
    });
    write(role(root, 'differ'), differ.length ? t('reading.two.differ', { what: differ.join('\n') }) : '');
    const table = find(root, 'table');
    table.hidden = reads.length < 2;
    if (!table.hidden) fill(table, reads, store.state);
    for (const act of ['withdraw', 'begin_anew']) role(root, act).hidden = !may.some((each) => each === act);
    page.toggleAttribute('data-closed', !may.some((each) => each === 'sign' || each === 'arbitrate'));
  }

  /** Let the button sign this user's read or the arbitration; hide it if they may do neither. */
  function showSign() {
    if (!told || store.state.case?.state === 'signed') return;
    const arbitrates = told.may.includes('arbitrate');
    sign.hidden = !arbitrates && !told.may.includes('sign');
    write(find(sign, 'span'), t(arbitrates ? 'reading.two.arbitrate' : 'reading.two.sign'));
  }

  /** @param {() => Promise<unknown>} task @param {string} words */
  async function then(task, words) {
    try {
      await task();
      await refresh();
      tell(words);
    } catch (error) {
      onProblem(asProblem(error));
    }
  }

  role(root, 'withdraw').addEventListener('click', () => then(() => confirmed(() => call('delete', '/api/v1/cases/{case_id}/reads/yours', where)), t('reading.two.withdrawn')));
  role(root, 'begin_anew').addEventListener('click', () => {
    dialog.returnValue = ''; // Escape may leave the last answer
    dialog.showModal();
  });
  dialog.addEventListener('close', () => {
    const reason = find(dialog, '[name="reason"]', HTMLTextAreaElement).value.trim();
    if (dialog.returnValue !== 'anew' || !reason) return;
    then(() => confirmed(() => call('post', '/api/v1/cases/{case_id}/reads/anew', { ...where, send: { reason } })), t('reading.two.anew.hint'));
  });
  store.subscribe(['case', 'images'], look); // after the report section, which names the button for a report
  store.subscribe(['images', 'together'], show); // findings have their numbers once the films were read together
  look();
}

/** @param {Reads} told */
function stageOf({ reads, signed, yours, disagreements, may }) {
  if (signed < 2) return yours ? 'waits' : 'blind';
  if (may.includes('arbitrate')) return 'settle';
  if (reads.length > 2) return 'settled';
  return disagreements.length ? 'disagree' : 'agree';
}

/** Fill the table: a column for each reader, a row for each breast and for the conclusion and comment. @param {HTMLElement} table @param {Read[]} reads @param {Reading} state */
function fill(table, reads, state) {
  const head = row('', reads.map(({ role: of, name }) => `${t(`signature.reader.${of}`)}\n${name}`), 'col');
  /** @type {[string, string[]][]} */
  const rows = [
    ...SIDES.map((side) => /** @type {[string, string[]]} */ ([t(`clinical.side.${side}`), reads.map((read) => ofBreast(read, side))])),
    [t('reading.two.confirmed'), reads.map((read) => judged(state, read, 'confirmed'))],
    [t('reading.two.dismissed'), reads.map((read) => judged(state, read, 'dismissed'))],
    [t('reading.two.own'), reads.map(({ reader_findings: own }) => String(own.length))],
    [t('common.comment'), reads.map(({ comment }) => comment)],
  ];
  const shown = rows.filter(([, cells]) => cells.some((cell) => cell && cell !== '0'));
  find(table, 'thead').replaceChildren(head);
  find(table, 'tbody').replaceChildren(...shown.map(([name, cells]) => row(name, cells)));
  for (const line of all(find(table, 'tbody'), 'tr')) if (find(line, 'th').textContent !== t('common.comment')) line.toggleAttribute('data-differs', new Set(all(line, 'td').map((cell) => cell.textContent)).size > 1);
}

/** @param {string} name @param {string[]} cells @param {'col' | 'row'} scope What the heads are heads of. */
function row(name, cells, scope = 'row') {
  const line = document.createElement('tr');
  const first = document.createElement(scope === 'row' ? 'th' : 'td');
  first.textContent = name;
  if (scope === 'row') first.setAttribute('scope', 'row');
  line.append(first);
  for (const words of cells) {
    const cell = document.createElement(scope === 'row' ? 'td' : 'th');
    cell.textContent = words;
    if (scope === 'col') cell.setAttribute('scope', 'col');
    line.append(cell);
  }
  return line;
}

/** @param {Read} read @param {'R' | 'L'} side */
function ofBreast({ breasts }, side) {
  const breast = side === 'R' ? breasts?.right : breasts?.left;
  if (!breast) return '';
  const { bi_rads: category, density, recommendation } = breast;
  return [
    t('reading.two.stated', { category }),
    density && t('reading.two.density', { letter: density }),
    recommendation && t(`clinical.recommendation.${recommendation}`),
  ].filter(Boolean).join('\n');
}

/** The lesions to which a reader gave this verdict, by name, because a count would be taken for a finding's number. @param {Reading} state @param {Read} read @param {import('../core/types.d.ts').Verdict} verdict */
function judged(state, { reviews }, verdict) {
  const targets = reviews.filter((review) => review.verdict === verdict).flatMap((review) => targetAt(state.images, review) ?? []);
  return byLesion(state, targets).map((marks) => nameOfMarks(state, marks)).join('\n');
}
