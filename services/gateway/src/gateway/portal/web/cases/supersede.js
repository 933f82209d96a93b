// The question that comes before a change of a signed case: the report in force would be out of date.

import { call } from '../core/api.js';
import { role } from '../core/dom.js';
import { moment } from '../core/times.js';
import { t } from '../core/words.js';

/**
 * The signed version that a change of the case would supersede.
 * @param {{reports: {version: number, superseded: boolean}[]}} detail The case, as the API shows it.
 */
export const inForce = ({ reports }) => reports.find(({ superseded }) => !superseded) || null;

/**
 * Ask whether a signed report may be superseded. Without a report in force nothing is asked. Needs the dialog of
 * macros.html (`supersede_dialog`) and the sentences of `supersede`.
 * @param {{version: number, signed_by: string, signed_at: string} | null} report The version in force.
 * @param {string} change What is about to be done, in words.
 * @returns {Promise<boolean>} Escape and every button but the one that says yes are a no.
 */
export function maySupersede(report, change) {
  if (!report) return Promise.resolve(true);
  const dialog = document.getElementById('supersede');
  if (dialog.open) return Promise.resolve(false);
  const { version, signed_by: name, signed_at: at } = report;
  role(dialog, 'change').textContent = change;
  role(dialog, 'report').textContent = t('supersede.report', { version, name, when: moment(at) });
  dialog.returnValue = '';
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
    dialog.showModal();
  });
}

/**
 * As `maySupersede`, for a page that does not show the case: looks at it first.
 * @param {string} caseUrl Of the API.
 * @param {string} change
 * @throws {Problem} Where the case cannot be looked at.
 */
export async function mayChangeCase(caseUrl, change) {
  const { body } = await call(caseUrl);
  return maySupersede(inForce(body), change);
}
