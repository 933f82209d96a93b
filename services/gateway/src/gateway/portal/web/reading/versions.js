// The report section of the panel: what is open, drafts, and the versions that were signed.

import { address, asProblem, call } from '../core/api.js';
import { all, copy, find, message, role, write } from '../core/dom.js';
import { moment } from '../core/times.js';
import { apiLanguage, t } from '../core/words.js';
import { FINAL } from '../jobs/follower.js';
import { toReview, verdictOf } from './findings.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('../core/types.d.ts').CaseReport} CaseReport */
/** @typedef {import('../core/types.d.ts').CaseDetail} CaseDetail */

/** The address of a version of the report, or of a draft of it. */
export const reportAddress = (/** @type {string} */ caseId, /** @type {string | number} */ version, /** @type {string} */ format) =>
  address('/api/v1/cases/{case_id}/reports/{version}', { params: { case_id: caseId, version }, query: { format, lang: apiLanguage } });

/**
 * @param {HTMLElement} root
 * @param {{onSign: () => void, refresh: () => Promise<void>, onProblem: (problem: import('../core/api.js').Problem) => void}} actions
 */
export function createVersions(root, { onSign, refresh, onProblem }) {
  for (const name of ['sign', 'amend']) role(root, name).addEventListener('click', onSign);

  /** @param {Reading} state */
  function show(state) {
    const { case: detail } = state;
    if (!detail) return;
    const { state: caseState, reports } = detail;
    const last = reports[0];
    write(role(root, 'to-review'), reviewedWords(state));
    showSign(detail);
    const changed = last && caseState !== 'signed';
    message(role(root, 'changed'), changed ? t('reading.changed.since', { version: last.version }) : '');
    for (const format of ['html', 'pdf']) {
      const draft = role(root, `draft-${format}`, HTMLAnchorElement);
      draft.href = reportAddress(detail.id, 'draft', format);
      draft.hidden = caseState === 'signed';
    }
    const signed = role(root, 'report-signed', HTMLAnchorElement);
    signed.hidden = caseState !== 'signed';
    if (last) signed.href = reportAddress(detail.id, last.version, 'html');
    role(root, 'versions').hidden = reports.length === 0;
    showList(detail);
  }

  /** @param {CaseDetail} detail */
  function showSign({ state, sample, reports, read_twice: twice }) {
    const sign = role(root, 'sign', HTMLButtonElement);
    sign.disabled = state === 'empty' || state === 'analysing'; // as the server refuses it
    sign.hidden = state === 'signed' || sample;
    role(root, 'amend').hidden = state !== 'signed' || sample || twice;
    write(find(sign, 'span'), t(reports.length ? 'reading.sign.again' : 'reading.sign'));
  }

  /** Replace the list only if it changed, so that a link keeps the focus. @param {CaseDetail} detail */
  function showList({ id, reports }) {
    const list = role(root, 'version-list');
    const key = JSON.stringify(reports);
    if (list.dataset.words === key) return;
    list.dataset.words = key;
    list.replaceChildren(...reports.map((report) => versionItem(id, report)));
  }

  /** @param {string} caseId @param {CaseReport} report */
  function versionItem(caseId, { version, signed_by: name, signed_at: at, superseded, conclusion, comment, renderings, signature }) {
    const line = copy('version');
    line.toggleAttribute('data-old', superseded);
    role(line, 'number').textContent = t('reading.version', { version });
    role(line, 'state').textContent = t(superseded ? 'reading.version.old' : 'reading.version.current');
    const verified = t(`reading.version.signature.${signature?.state ?? 'none'}`);
    role(line, 'by').textContent = [t('reading.version.by', { name, when: moment(at) }), verified].join(' · ');
    role(line, 'said').textContent = [conclusion && t(`common.assessment.${conclusion}`), comment].filter(Boolean).join(' · ');
    const [html, pdf] = ['html', 'pdf'].map((format) => role(line, format, HTMLAnchorElement));
    html.href = reportAddress(caseId, version, 'html');
    html.setAttribute('aria-label', t('reading.open.of', { version }));
    pdf.href = `${reportAddress(caseId, version, 'pdf')}&download=true`;
    pdf.setAttribute('aria-label', t('reading.pdf.of', { version }));
    role(line, 'failed').hidden = !renderings.some(({ language, state }) => language === apiLanguage && state !== 'done' && FINAL.includes(state));
    const again = role(line, 'again', HTMLButtonElement);
    again.addEventListener('click', () => renderAgain(caseId, version, again));
    return line;
  }

  /** Request the failed renderings of a version again. */
  async function renderAgain(/** @type {string} */ caseId, /** @type {number} */ version, /** @type {HTMLButtonElement} */ button) {
    button.disabled = true;
    try {
      await call('post', '/api/v1/cases/{case_id}/reports/{version}/renderings', { params: { case_id: caseId, version }, send: {} });
      await refresh();
    } catch (error) {
      button.disabled = false;
      onProblem(asProblem(error));
    }
  }

  return {
    show,
    /** Go to the button that signs, or that opens the next case. */
    focusAct: () => ['sign', 'next'].map((name) => role(root, name, HTMLButtonElement)).find((button) => !button.hidden && !button.disabled)?.focus(),

    /** Go to the newest version. */
    focus: () => all(role(root, 'version-list'), 'a')[0]?.focus(),
  };
}

/** The number of marked findings and fields with a verdict, in words. @param {Reading} state */
function reviewedWords(state) {
  const marked = toReview(state);
  const done = marked.filter((target) => verdictOf(state, target)).length;
  return marked.length ? t('reading.reviewed', { done, all: marked.length }) : '';
}
