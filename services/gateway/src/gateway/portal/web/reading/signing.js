// The signing dialog. It preselects no conclusion, lists what is open, and asks for confirmation of contradictions.

import { asProblem, call } from '../core/api.js';
import { confirmed } from '../core/confirm.js';
import { all, find, message, role, write } from '../core/dom.js';
import { loginLinks } from '../core/trouble.js';
import { list, sentences, t } from '../core/words.js';
import { contradictionWords } from './breasts.js';
import { contradiction, isMilder } from './contradiction.js';
import { createDraftText } from './draft-text.js';
import { lackingIn } from './lacking.js';
import { byLesion, verdictOf } from './findings.js';
import { ownOf } from './own.js';
import { NOTHING_YET, judged } from './state.js';
import { asksForWhole, sentBreasts, unstated } from './stated.js';
import { nameOfMarks } from './targets.js';

/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../core/api.js').Problem} Problem */
/** @typedef {'stale' | 'problem' | 'conclusion-problem' | 'stands-problem'} Place Where something is said. */

const OPEN = /** @type {const} */ (['unreviewed', 'not_assessed', 'pending']);

/**
 * The comment stays when the dialog is closed; everything else is asked anew.
 * @param {HTMLDialogElement} dialog
 * @param {import('./state.js').ReadingStore} store
 * @param {{refresh: () => Promise<unknown>, onSigned: (version: number | null, next: boolean) => Promise<void>, goTo: (target: Target) => void, goToBreast: (side: import('./stated.js').Side) => void}} actions
 */
export function createSigning(dialog, store, { refresh, onSigned, goTo, goToBreast }) {
  const form = find(dialog, 'form', HTMLFormElement);
  const choices = /** @type {HTMLInputElement[]} */ (all(form, '[name="conclusion"]'));
  const stands = find(form, '[name="stands"]', HTMLInputElement);
  const comment = find(form, '[name="comment"]', HTMLTextAreaElement);
  const draft = createDraftText(role(dialog, 'drafted'), comment, store);
  let busy = false;
  let opened = 0; // how often
  /** @type {string | null} */
  let seen = null; // the state of the case that is being signed
  let awaited = false; // whether its films were still being read together
  let amends = false; // whether it is signed, and what it states is signed anew

  const chosen = () => choices.find(({ checked }) => checked)?.value ?? '';

  /** The contradictions within the entries, or with the verdicts, each as a sentence. */
  function contradictions() {
    const { state } = store;
    const against = asksForWhole(state) ? contradiction(chosen(), judged(state), (target) => verdictOf(state, target), ownOf(state).length > 0) : null;
    const what = against ? list(byLesion(state, against.targets).map((marks) => nameOfMarks(state, marks))) : '';
    const milder = asksForWhole(state) && isMilder(chosen(), sentBreasts(state));
    return [
      ...contradictionWords(state),
      ...(against ? [t(`reading.sign.${against.code}`, { what })] : []),
      ...(milder ? [t('reading.sign.milder', { conclusion: t(`common.assessment.${chosen()}`) })] : []),
    ];
  }

  /** @param {Place} place @param {string} words @param {{links?: import('../core/dom.js').Link[]}} [more] */
  function say(place, words, more) {
    message(role(dialog, place), words, more);
  }

  function open() {
    const kept = comment.value;
    form.reset();
    comment.value = kept;
    ({ etag: seen, awaited } = store.state);
    startAnew();
    for (const place of /** @type {Place[]} */ (['stale', 'problem', 'conclusion-problem', 'stands-problem'])) say(place, '');
    show();
    write(find(dialog, 'h2'), find(document, '[data-role="sign"] span').textContent ?? ''); // a report, a read or an arbitration
    dialog.showModal();
    prepare();
  }

  /** Restore the entries for breasts of the version in force if the case is unchanged since; otherwise offer its comment. */
  function startAnew() {
    const { case: detail } = store.state;
    const [last] = detail?.reports ?? [];
    amends = detail?.state === 'signed';
    if (amends && last?.breasts) store.update({ breasts: { R: last.breasts.right ?? {}, L: last.breasts.left ?? {} } });
    const former = role(dialog, 'former');
    former.hidden = amends || !last?.comment || Boolean(detail?.read_twice);
    if (former.hidden) return;
    write(role(former, 'said'), t('reading.sign.former', { version: last.version }));
    write(role(former, 'text'), last.comment);
  }

  /** Load the draft; signing is disabled until it can be read. */
  async function prepare() {
    const turn = (opened += 1);
    allow(false);
    const before = await draft.make();
    if (turn !== opened) return; // closed and opened again meanwhile
    allow(true);
    if (amends && !draft.edited()) comment.value = store.state.case?.reports[0]?.comment ?? '';
    if (before) say('stale', t('reading.sign.text_before'));
    if (!dialog.open) return;
    if (asksForWhole(store.state)) choices[0].focus();
    else role(dialog, 'submit').focus();
  }

  /** Show that the case changed while the dialog was open, and what is open now. */
  function changed() {
    if (!dialog.open) return;
    show();
    if (busy) return;
    if (seen !== store.state.etag) askAnew(t('reading.conflict'));
    else if (awaited && store.state.together) renumbered();
  }

  /** Show that the films were read together meanwhile, so that numbers of findings in the text have to be checked. */
  function renumbered() {
    askAnew(t('reading.renumbered'));
    prepare();
  }

  /** @param {string} why */
  function askAnew(why) {
    ({ etag: seen, awaited } = store.state);
    for (const choice of choices) choice.checked = false;
    stands.checked = false;
    const { R, L } = store.state.breasts;
    store.update({ breasts: { R: { ...R, bi_rads: undefined }, L: { ...L, bi_rads: undefined } } });
    show();
    say('stale', why);
  }

  function show() {
    const { state } = store;
    const lacking = lackingIn(state);
    for (const [name, targets] of Object.entries(lacking)) showTargets(role(dialog, name), targets);
    const sides = unstated(state);
    const lines = sides.map((side) => chip(t(`clinical.side.${side}`), () => goToBreast(side)));
    role(dialog, 'unstated').hidden = sides.length === 0;
    role(role(dialog, 'unstated'), 'links').replaceChildren(...lines);
    find(dialog, '.choice').hidden = !asksForWhole(state);
    role(dialog, 'not_read_together').hidden = !state.awaited;
    role(dialog, 'settled').hidden = state.awaited || sides.length > 0 || Object.values(lacking).some(({ length }) => length) || !state.images.length;
    const own = state.case?.conclusion.assessment;
    write(role(dialog, 'system'), own ? t('reading.sign.system', { assessment: t(`common.assessment.${own}`) }) : t('reading.sign.system.none'));
    showContradiction();
  }

  /** Show links to targets, a lesion once; each closes the dialog. @param {HTMLElement} line @param {Target[]} targets */
  function showTargets(line, targets) {
    const { state } = store;
    line.hidden = targets.length === 0;
    const links = byLesion(state, targets).map((marks) => {
      const [target] = marks;
      const words = target.index === null ? state.images.find(({ id }) => id === target.imageId)?.name ?? '' : nameOfMarks(state, marks);
      return chip(words, () => goTo(target));
    });
    role(line, 'links').replaceChildren(...links);
  }

  /** A link that closes the dialog and shows its target. @param {string} words @param {() => void} go */
  function chip(words, go) {
    const link = document.createElement('button');
    link.type = 'button';
    link.className = 'chip';
    link.textContent = words;
    link.addEventListener('click', () => {
      dialog.close();
      go();
    });
    return link;
  }

  function showContradiction() {
    const said = sentences(contradictions());
    const box = role(dialog, 'contradiction');
    if (role(box, 'words').textContent !== said) stands.checked = false; // another contradiction is another question
    write(role(box, 'words'), said);
    box.hidden = !said;
    if (chosen()) say('conclusion-problem', '');
    if (!said || stands.checked) say('stands-problem', '');
  }

  /** Show beside its field what prevents signing, and focus the first; returns whether anything does. */
  function lacksSomething() {
    const why = contradictions().length > 0 && !(stands.checked && draft.edited());
    const sides = unstated(store.state);
    const lacks = asksForWhole(store.state) && !chosen();
    const place = sides.length ? find(dialog, '[data-role="unstated"] button') : choices[0];
    /** @type {[Place, boolean, string, HTMLElement | undefined][]} */
    const checks = [
      ['conclusion-problem', sides.length > 0 || lacks, sides.length ? 'reading.sign.state' : 'reading.sign.choose', place],
      ['stands-problem', why, 'reading.sign.say_why', stands.checked ? comment : stands],
    ];
    for (const [place, wrong, words] of checks) say(place, wrong ? t(words) : '');
    const first = checks.find(([, wrong]) => wrong);
    first?.[3]?.focus();
    return Boolean(first);
  }

  /** The open points that the reader accepts, by their names in the API. */
  function acknowledged() {
    const lacking = lackingIn(store.state);
    return [
      ...OPEN.filter((name) => lacking[name].length),
      ...(store.state.awaited ? [/** @type {const} */ ('not_read_together')] : []),
      ...(contradictions().length ? [/** @type {const} */ ('contradiction')] : []),
    ];
  }

  async function sign(/** @type {boolean} */ next) {
    if (busy || lacksSomething()) return;
    const send = {
      conclusion: asksForWhole(store.state) ? /** @type {import('../core/types.d.ts').Assessment} */ (chosen()) : null,
      breasts: sentBreasts(store.state),
      comment: comment.value.trim(),
      acknowledged: acknowledged(),
    };
    work(true);
    say('problem', '');
    try {
      const version = await confirmed(() => post(send));
      form.reset();
      draft.forget();
      dialog.close();
      await onSigned(version, next);
    } catch (error) {
      await refused(asProblem(error));
    } finally {
      work(false);
    }
  }

  /** Sign the report, or a read of a case that two people read; returns the version, if one was issued. @param {import('../core/types.d.ts').Signing} send */
  async function post(send) {
    const { case: detail } = store.state;
    const asked = { params: { case_id: detail?.id ?? '' }, send, ifMatch: seen };
    if (!detail?.read_twice) return (await call('post', '/api/v1/cases/{case_id}/reports', asked)).body.version;
    const settles = detail.state === 'arbitration';
    const { body } = await (settles ? call('post', '/api/v1/cases/{case_id}/arbitration', asked) : call('post', '/api/v1/cases/{case_id}/reads', asked));
    return body.report?.version ?? null;
  }

  /** @param {Problem} problem */
  async function refused(problem) {
    if (problem.status === 412) {
      await refresh().catch(() => {});
      askAnew(t('reading.conflict'));
    } else if (problem.code === 'not_read_together') {
      await refresh().catch(() => {});
      if (awaited && store.state.together) renumbered();
      else say('problem', problem.message);
    } else say('problem', problem.message, { links: loginLinks(problem, location.pathname) });
  }

  /** @param {boolean} on */
  function work(on) {
    busy = on;
    allow(!on);
    role(dialog, 'cancel', HTMLButtonElement).disabled = on;
  }

  /** Enable or disable signing. @param {boolean} on */
  function allow(on) {
    for (const name of ['submit', 'submit-next']) role(dialog, name, HTMLButtonElement).disabled = !on;
  }

  role(dialog, 'cancel').addEventListener('click', () => dialog.close());
  role(dialog, 'take').addEventListener('click', () => {
    const said = role(dialog, 'text').textContent ?? '';
    comment.value = draft.edited() ? `${comment.value}\n${said}` : said;
    comment.focus();
  });
  dialog.addEventListener('close', () => {
    if (!amends || store.state.case?.state !== 'signed') return;
    store.update({ breasts: NOTHING_YET.breasts }); // a later change would find it preselected
    if (comment.value === store.state.case.reports[0]?.comment) comment.value = ''; // nobody wrote anything
  });
  dialog.addEventListener('cancel', (event) => {
    if (busy) event.preventDefault(); // Escape cannot call back what is being signed
  });
  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.repeat) event.preventDefault(); // held from the button that opened the dialog
  });
  form.addEventListener('change', ({ target }) => {
    // Not when a text field is left: what moves then would move the button away under the pointer.
    if (target instanceof Element && target.matches('[type="radio"], [type="checkbox"]')) showContradiction();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    sign(event.submitter?.getAttribute('data-role') === 'submit-next');
  });
  store.subscribe(['case', 'images', 'drafts', 'etag', 'together', 'awaited', 'seen'], changed);
  return { open };
}
