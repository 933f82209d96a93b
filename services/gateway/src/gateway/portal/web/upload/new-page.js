// The page of a new case: choose files, look at them, correct the guesses, send them, follow each.

import { Problem, call, url } from '../core/api.js';
import { sameBytes } from './checks.js';
import { message, role, write } from '../core/dom.js';
import { Entry } from './entry.js';
import { patientDifferences } from './patients.js';
import { loop } from '../core/poll.js';
import { mayChangeCase } from '../cases/supersede.js';
import { t } from '../core/words.js';

const AT_ONCE = 2; // uploads
const VIEWS = ['RCC', 'LCC', 'RMLO', 'LMLO'];
const form = document.getElementById('new');
const drop = document.getElementById('drop');
const picker = document.getElementById('files');
const template = document.getElementById('entry');
const urls = form.dataset;
const limits = { maxBytes: Number(urls.maxUploadBytes), maxPixels: Number(urls.maxPixels), minSide: Number(urls.minSide) };
const page = { urls, limits, onChange: show, onLeave: remove };
let entries = [];
let caseId = urls.caseId;
let asking = false;
let started = false;
let watcher = null;

const ready = () => entries.filter(({ state }) => state === 'chosen');

async function add(files) {
  for (const file of files) {
    if (urls.replaces && ready().length) break; // one file takes the place of one

    const entry = new Entry(file, template, page);
    entries.push(entry);
    role(entry.card, 'remove').addEventListener('click', () => remove(entry));
    role(form, 'entries').append(entry.card);
    show();
    await entry.look(twinOf(entry));
    const name = file.name;
    say(entry.state === 'refused' ? t('newcase.was_refused', { name, reason: entry.reason }) : t('newcase.added', { name }));
  }
}

/** Finds the file of this list that holds the same bytes. */
function twinOf(entry) {
  return async (file) => {
    for (const other of entries) {
      if (other === entry) break;
      if (other.state !== 'refused' && (await sameBytes(other.file, file))) return other.file;
    }
    return null;
  };
}

function remove(entry) {
  const next = entry.card.nextElementSibling || entry.card.previousElementSibling;
  entries = entries.filter((other) => other !== entry);
  entry.card.remove();
  show();
  const button = next && role(next, 'remove');
  (button && !button.hidden ? button : picker).focus();
}

function show() {
  role(form, 'entries').hidden = entries.length === 0;
  role(form, 'guessed').hidden = started || ready().length === 0;
  const count = ready().length;
  const refused = entries.filter(({ state }) => state === 'refused').length;
  role(form, 'submit').disabled = started || count === 0;
  write(role(form, 'submit-words'), count ? t('newcase.submit', { count: count }) : t('newcase.submit.none'));
  if (!started) message(role(form, 'form-problem'), refused ? t('newcase.refused', { count: refused }) : '');
  showHanging();
  showPatients();
  if (started) showSummary();
}

/** Which of the four views are there. */
function showHanging() {
  const films = entries.filter(({ state }) => state !== 'refused').map((entry) => entry.options).filter(({ modality }) => modality === 'mammography');
  const here = films.map(({ laterality = '', view = '' }) => laterality + view);
  const missing = VIEWS.filter((view) => !here.includes(view));
  const twice = VIEWS.find((view) => here.filter((other) => other === view).length > 1);
  let words = '';
  if (films.length && !started) {
    if (twice) words = t('newcase.views.twice', { view: twice });
    else words = missing.length ? t('newcase.views.missing', { views: missing.join(', ') }) : t('newcase.views.complete');
  }
  message(role(form, 'hanging'), words, { symbol: missing.length || twice ? 'question' : 'clear' });
}

/** Which files name another patient than the case, or than the files before them. */
function showPatients() {
  const waiting = ready().filter(({ header }) => header);
  const differences = patientDifferences(waiting.map(({ header }) => header));
  for (const [index, entry] of waiting.entries()) entry.warn(differences[index]);
}

function showSummary() {
  const sent = entries.filter(({ state }) => state !== 'refused');
  const done = sent.filter(({ state }) => state === 'done').length;
  const failed = entries.filter(({ state }) => ['failed', 'refused'].includes(state)).length;
  const parts = [t('newcase.summary', { done, all: sent.length })];
  if (failed) parts.push(t('newcase.summary.failed', { count: failed }));
  write(role(form, 'summary'), parts.join(' · '));
  if (sent.some(({ state }) => state === 'following')) watch();
}

async function submit() {
  if (asking) return;
  asking = true;
  try {
    if (caseId && !(await mayChangeCase(url(urls.caseUrl, caseId), t('supersede.add', { count: ready().length })))) return;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    message(role(form, 'form-problem'), problem.message);
    return;
  } finally {
    asking = false;
  }
  started = true;
  show();
  try {
    if (!caseId) {
      const pseudonym = form.elements.pseudonym.value.trim();
      caseId = (await call(urls.casesUrl, { method: 'POST', send: { pseudonym } })).body.id;
    }
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    started = false;
    show();
    message(role(form, 'form-problem'), t('newcase.case_failed', { detail: problem.message }));
    return;
  }
  message(role(form, 'form-problem'), '');
  for (const part of form.querySelectorAll('[data-before]')) part.hidden = true;
  role(form, 'under-way').hidden = false;
  role(form, 'submit').hidden = true;
  const link = role(form, 'open-case');
  link.href = url(urls.casePageUrl, caseId);
  link.hidden = false;
  const waiting = ready();
  const lane = async () => {
    for (let entry = waiting.shift(); entry; entry = waiting.shift()) await entry.send(caseId);
  };
  addEventListener('beforeunload', warn);
  // The first file that names a patient says whose case it is, however long the others take: they are compared with it.
  const first = waiting.findIndex(({ format }) => format === 'DICOM');
  if (first >= 0) await waiting.splice(first, 1)[0].send(caseId);
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  removeEventListener('beforeunload', warn);
}

/** One loop asks for all of them, one after the other. */
function watch() {
  if (watcher) return;
  const following = () => entries.filter(({ state }) => state === 'following');
  const ask = async () => {
    let pace = Infinity;
    for (const entry of following()) pace = Math.min(pace, (await entry.ask()) ?? Infinity);
    if (following().length === 0) {
      watcher = null;
      return null;
    }
    return Number.isFinite(pace) ? pace : 500;
  };
  watcher = loop(ask, (problem, seconds) => {
    if (seconds === null) watcher = null;
    const gone = problem.status === 401;
    const words = gone ? t('steps.logged_out') : seconds === null ? problem.message : t('steps.asking_again', { problem: problem.message, seconds });
    const back = encodeURIComponent(url(urls.casePageUrl, caseId));
    const links = gone ? [{ href: `${urls.loginUrl}?next=${back}`, label: t('steps.log_in_again') }] : [];
    for (const entry of following()) entry.trouble(words, links);
  });
}

/** Leaving now would break the uploads off; the browser asks in its own words. */
const warn = (event) => event.preventDefault();

function say(words) {
  role(form, 'announcer').textContent = words;
}

picker.addEventListener('change', take);
for (const kind of ['dragenter', 'dragover'])
  form.addEventListener(kind, (event) => {
    event.preventDefault();
    if (!started) drop.classList.add('over');
  });
for (const kind of ['dragleave', 'drop']) form.addEventListener(kind, () => drop.classList.remove('over'));
form.addEventListener('drop', (event) => {
  event.preventDefault();
  if (!started) add([...event.dataTransfer.files]);
});
// A file that misses the form must not replace the page.
for (const kind of ['dragover', 'drop']) addEventListener(kind, (event) => event.preventDefault());
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const name = form.elements.pseudonym;
  if (name && !name.value.trim()) {
    name.value = '';
    name.reportValidity();
    return;
  }
  if (!started && ready().length) submit();
});
if (form.elements.pseudonym && !form.elements.pseudonym.value) form.elements.pseudonym.value = suggestion();
show();
take(); // chosen before this script was there, or kept by the browser at a reload

function take() {
  const files = [...picker.files];
  picker.value = ''; // the same file may be chosen again after it was removed
  add(files);
}

/** A pseudonym that says nothing, without letters and digits that look alike. */
function suggestion() {
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  const chosen = [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => letters[byte % letters.length]);
  return `P-${chosen.join('')}`;
}
