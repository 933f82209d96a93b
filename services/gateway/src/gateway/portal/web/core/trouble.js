// Messages for a server that cannot be reached.

import { t } from './words.js';

/**
 * @param {import('./api.js').Problem} problem
 * @param {{back: string, seconds?: number | null}} more `back`: the page to come back to after logging in again.
 *     `seconds`: until the next try, null where there is none.
 * @returns {{words: string, links: import('./dom.js').Link[]}}
 */
export function troubleWords(problem, { back, seconds = null }) {
  if (problem.status === 401) return { words: t('steps.logged_out'), links: loginLinks(problem, back) };
  const words = seconds === null ? problem.message : t('steps.asking_again', { problem: problem.message, seconds });
  return { words, links: [] };
}

/**
 * The link to log in again, where that is what is wrong.
 * @param {Pick<import('./api.js').Problem, 'status'>} problem
 * @param {string} back
 */
export function loginLinks(problem, back) {
  return problem.status === 401 ? [{ href: `/login?next=${encodeURIComponent(back)}`, label: t('steps.log_in_again') }] : [];
}
