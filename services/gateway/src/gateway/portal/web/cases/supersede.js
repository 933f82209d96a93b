// Asks for confirmation before a change of a signed case, which puts its current report out of date.

import { call } from '../core/api.js';
import { byId, role } from '../core/dom.js';
import { moment } from '../core/times.js';
import { t } from '../core/words.js';

/** @typedef {import('../core/types.d.ts').CaseReport} CaseReport */

/** @type {HTMLElement | null} What had the focus last outside dialogs: a field that is left asks when nothing has it. */
let last = null;
addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLElement && !target.closest('dialog')) last = target;
});

/**
 * The signed version that a change of the case would supersede.
 * @param {{reports: CaseReport[]}} detail The case, as the API shows it.
 */
export const inForce = ({ reports }) => reports.find(({ superseded }) => !superseded) ?? null;

/**
 * Ask whether a signed report may be superseded. Without a report in force nothing is asked. Needs the dialog of
 * macros.html (`supersede_dialog`) and the sentences of `supersede`.
 * @param {CaseReport | null} report The version in force.
 * @param {string} change What is about to be done, in words.
 * @returns {Promise<boolean>} Escape and every button but the one that says yes are a no.
 */
export function maySupersede(report, change) {
  if (!report) return Promise.resolve(true);
  const dialog = byId('supersede', HTMLDialogElement);
  if (dialog.open) return Promise.resolve(false);
  const { version, signed_by: name, signed_at: at } = report;
  role(dialog, 'change').textContent = change;
  role(dialog, 'report').textContent = t('supersede.report', { version, name, when: moment(at) });
  dialog.returnValue = '';
  return new Promise((resolve) => {
    const back = () => {
      if (document.activeElement?.matches('body, dialog *')) last?.focus(); // what has it is about to lose it
      resolve(dialog.returnValue === 'yes');
    };
    dialog.addEventListener('close', back, { once: true });
    dialog.showModal();
  });
}

/**
 * As `maySupersede`, for a page that does not show the case: looks at it first.
 * @param {string} caseId
 * @param {string} change
 * @throws {import('../core/api.js').Problem} Where the case cannot be looked at.
 */
export async function mayChangeCase(caseId, change) {
  const { body } = await call('get', '/api/v1/cases/{case_id}', { params: { case_id: caseId } });
  return maySupersede(inForce(body), change);
}
