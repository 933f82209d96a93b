// The signing dialog. It preselects no conclusion, lists what is open, and asks for confirmation of contradictions.

import { asProblem, call } from '../core/api.js';
import { all, find, message, role, write } from '../core/dom.js';
import { loginLinks } from '../core/trouble.js';
import { list, t } from '../core/words.js';
import { contradiction } from './contradiction.js';
import { lackingIn } from './lacking.js';
import { verdictOf } from './findings.js';
import { judged } from './state.js';
import { nameOf } from './targets.js';

/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../core/api.js').Problem} Problem */
/** @typedef {'stale' | 'problem' | 'conclusion-problem' | 'stands-problem' | 'password-problem'} Place Where something is said. */

const OPEN = /** @type {const} */ (['unreviewed', 'not_assessed', 'pending']);

/**
 * The comment stays when the dialog is closed; everything else is asked anew.
 * @param {HTMLDialogElement} dialog
 * @param {import('./state.js').ReadingStore} store
 * @param {{refresh: () => Promise<void>, onSigned: (version: number) => Promise<void>, goTo: (target: Target) => void}} actions
 */
export function createSigning(dialog, store, { refresh, onSigned, goTo }) {
  const form = find(dialog, 'form', HTMLFormElement);
  const choices = /** @type {HTMLInputElement[]} */ (all(form, '[name="conclusion"]'));
  const stands = find(form, '[name="stands"]', HTMLInputElement);
  const comment = find(form, '[name="comment"]', HTMLTextAreaElement);
  const password = /** @type {HTMLInputElement | undefined} */ (all(form, '[name="password"]')[0]); // not everybody asks for one
  let busy = false;
  /** @type {string | null} */
  let seen = null; // the state of the case that is being signed

  const chosen = () => choices.find(({ checked }) => checked)?.value ?? '';
  const found = () => contradiction(chosen(), judged(store.state), (target) => verdictOf(store.state, target));

  /** @param {Place} place @param {string} words @param {{links?: import('../core/dom.js').Link[]}} [more] */
  function say(place, words, more) {
    if (place !== 'password-problem' || password) message(role(dialog, place), words, more);
  }

  function open() {
    const kept = comment.value;
    form.reset();
    comment.value = kept;
    seen = store.state.etag;
    for (const place of /** @type {Place[]} */ (['stale', 'problem', 'conclusion-problem', 'stands-problem', 'password-problem'])) say(place, '');
    show();
    dialog.showModal();
    choices[0].focus();
  }

  /** The case changed while the dialog is open: say what is open now, and that it is not what was seen. */
  function changed() {
    if (!dialog.open) return;
    show();
    if (seen === store.state.etag || busy) return;
    seen = store.state.etag;
    askAnew();
  }

  function askAnew() {
    for (const choice of choices) choice.checked = false;
    stands.checked = false;
    showContradiction();
    say('stale', t('reading.conflict'));
  }

  function show() {
    const { state } = store;
    const lacking = lackingIn(state);
    for (const [name, targets] of Object.entries(lacking)) showTargets(role(dialog, name), targets);
    role(dialog, 'settled').hidden = Object.values(lacking).some(({ length }) => length) || !state.images.length;
    const own = state.case?.conclusion.assessment;
    write(role(dialog, 'system'), own ? t('reading.sign.system', { assessment: t(`common.assessment.${own}`) }) : t('reading.sign.system.none'));
    showContradiction();
  }

  /** Links that close the dialog and go there. @param {HTMLElement} line @param {Target[]} targets */
  function showTargets(line, targets) {
    const { images } = store.state;
    line.hidden = targets.length === 0;
    const links = targets.map((target) => {
      const link = document.createElement('button');
      link.type = 'button';
      link.className = 'chip';
      link.textContent = target.index === null ? images.find(({ id }) => id === target.imageId)?.name ?? '' : nameOf(images, target);
      link.addEventListener('click', () => {
        dialog.close();
        goTo(target);
      });
      return link;
    });
    role(line, 'links').replaceChildren(...links);
  }

  function showContradiction() {
    const against = found();
    const what = against ? list(against.targets.map((target) => nameOf(store.state.images, target))) : '';
    const said = against ? t(`reading.sign.${against.code}`, { what }) : '';
    const box = role(dialog, 'contradiction');
    if (role(box, 'words').textContent !== said) stands.checked = false; // another contradiction is another question
    write(role(box, 'words'), said);
    box.hidden = !against;
    if (chosen()) say('conclusion-problem', '');
    if (!against || stands.checked) say('stands-problem', '');
  }

  /** Say what keeps it from being signed beside where it is mended; the first one gets the focus. */
  function lacksSomething() {
    const why = found() !== null && !(stands.checked && comment.value.trim());
    /** @type {[Place, boolean, string, HTMLElement | undefined][]} */
    const checks = [
      ['conclusion-problem', !chosen(), 'reading.sign.choose', choices[0]],
      ['stands-problem', why, 'reading.sign.say_why', stands.checked ? comment : stands],
      ['password-problem', Boolean(password && !password.value), 'errors.password_required', password],
    ];
    for (const [place, wrong, words] of checks) say(place, wrong ? t(words) : '');
    const first = checks.find(([, wrong]) => wrong);
    first?.[3]?.focus();
    return Boolean(first);
  }

  /** What the reader signs although it is open, as the API names it. */
  function acknowledged() {
    const lacking = lackingIn(store.state);
    const open = OPEN.filter((name) => lacking[name].length);
    return found() ? [...open, /** @type {const} */ ('contradiction')] : open;
  }

  async function sign() {
    if (busy || lacksSomething()) return;
    const send = {
      conclusion: /** @type {import('../core/types.d.ts').Assessment} */ (chosen()),
      comment: comment.value.trim(),
      password: password?.value || null,
      acknowledged: acknowledged(),
    };
    work(true);
    say('problem', '');
    try {
      const { body } = await call('post', '/api/v1/cases/{case_id}/reports', { params: { case_id: store.state.case?.id ?? '' }, send, ifMatch: seen });
      form.reset();
      dialog.close();
      await onSigned(body.version);
    } catch (error) {
      await refused(asProblem(error));
    } finally {
      work(false);
    }
  }

  /** @param {Problem} problem */
  async function refused(problem) {
    if (problem.status === 412) {
      await refresh().catch(() => {});
      seen = store.state.etag;
      askAnew();
    } else if (password && ['wrong_password', 'password_required'].includes(problem.code)) {
      say('password-problem', problem.message);
      password.value = '';
      password.focus();
    } else say('problem', problem.message, { links: loginLinks(problem, location.pathname) });
  }

  /** @param {boolean} on */
  function work(on) {
    busy = on;
    for (const name of ['submit', 'cancel']) role(dialog, name, HTMLButtonElement).disabled = on;
  }

  role(dialog, 'cancel').addEventListener('click', () => dialog.close());
  dialog.addEventListener('cancel', (event) => {
    if (busy) event.preventDefault(); // Escape cannot call back what is being signed
  });
  form.addEventListener('change', ({ target }) => {
    // Not when a text field is left: what moves then would move the button away under the pointer.
    if (target instanceof Element && target.matches('[type="radio"], [type="checkbox"]')) showContradiction();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    sign();
  });
  store.subscribe(['case', 'images', 'drafts', 'etag'], changed);
  return { open };
}
