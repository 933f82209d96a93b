// The page of a new case: choose files, check and correct their descriptions, send them, follow each.

import { mayChangeCase } from '../cases/supersede.js';
import { asProblem, call } from '../core/api.js';
import { byId, find, role, write } from '../core/dom.js';
import { createStore } from '../core/store.js';
import { troubleWords } from '../core/trouble.js';
import { list, sentences, t } from '../core/words.js';
import { createFollower } from '../jobs/follower.js';
import { createCard, neighbourOf } from './card.js';
import { createDelivery } from './delivery.js';
import { showHanging } from './hanging.js';
import { look } from './looking.js';
import { openWhenReady } from './opening.js';
import { offerSeries } from './series.js';
import { filesOfDrop, imagesIn } from './sources.js';
import { entryOf, newEntry, patch, ready } from './state.js';
import { placeCards } from './trays.js';
import { announce, showIntake } from './views.js';

const CONCURRENT_UPLOADS = 2;
const MOST_NAMES = 5;
const form = byId('new', HTMLFormElement);
const drop = byId('drop');
const picker = byId('files', HTMLInputElement);
const folderPicker = byId('folder', HTMLInputElement);
const { caseId = '', replaces = '', inputErrors = '', maxUploadBytes, maxPixels, minSide } = form.dataset;
const limits = { maxBytes: Number(maxUploadBytes), maxPixels: Number(maxPixels), minSide: Number(minSide) };
/** @type {import('./state.js').Config} */
const config = { inputErrors: inputErrors.split(' '), replaces, limits };
const store = createStore(/** @type {import('./state.js').Intake} */ ({ entries: [], series: {}, taking: 0, started: false, caseId, problem: '', announced: '' }));
/** @type {Map<number, HTMLElement>} */
const cards = new Map();
let asking = false;
let away = false;

const follower = createFollower({
  onProgress: (jobId, progress) => delivery.take(jobId, progress),
  onTrouble(problem, seconds, gone) {
    if (!problem) return answered();
    away ||= !gone;
    const back = `/cases/${store.state.caseId}`;
    const connection = { ...troubleWords(problem, { back, seconds }), symbol: 'offline' };
    for (const { id, stage, jobId } of store.state.entries)
      if (stage === 'following' && jobId === (gone ?? jobId)) patch(store, id, gone ? { connection, stage: 'failed' } : { connection });
  },
});
const delivery = createDelivery(store, config, follower.follow);
const actions = {
  retry: delivery.retry,
  cancel: delivery.cancel,
  accept: delivery.acceptPatient,
  leave: remove,
  remove,
};

/** The server answers again, with nothing new where a job waits: what its card says of that goes. */
function answered() {
  if (!away) return;
  away = false;
  for (const { id, stage } of store.state.entries) if (stage === 'following') patch(store, id, { connection: { words: '' } });
}

/**
 * Add files, including those in archives, and show which were left out.
 * @param {File[]} files
 * @param {boolean} [folder] Nobody chose them one by one.
 * @param {string[]} [unread] Names of others that cannot be read.
 */
async function take(files, folder = false, unread = []) {
  store.update(({ taking }) => ({ taking: taking + 1 }));
  try {
    await sort(files, folder, unread);
  } finally {
    store.update(({ taking }) => ({ taking: taking - 1 }));
  }
}

/** @param {string[]} names */
const namesOf = (names) => list(names.length > MOST_NAMES ? [...names.slice(0, MOST_NAMES), '…'] : names);

/** @param {File[]} files @param {boolean} folder @param {string[]} unread */
async function sort(files, folder, unread) {
  const { files: images, left, damaged } = await imagesIn(files, { folder, maxBytes: limits.maxBytes });
  const leftOut = left.length ? t('newcase.left_out', { count: left.length, names: namesOf(left) }) : '';
  const unreadable = unread.length ? t('newcase.unreadable', { names: namesOf(unread) }) : '';
  const problems = [unreadable, ...damaged.map((name) => t('newcase.archive.damaged', { name }))].filter(Boolean);
  const announced = sentences([leftOut, ...problems].filter(Boolean));
  store.update({ problem: problems.length ? announced : '', announced });
  write(role(form, 'left'), leftOut);
  await add(images);
}

/** @param {Iterable<File>} files */
async function add(files) {
  for (const file of files) {
    if (replaces && ready(store.state).length) break; // one file takes the place of one
    const entry = newEntry(file);
    store.update(({ entries }) => ({ entries: [...entries, entry] }));
    const card = createCard(store, entry, actions);
    cards.set(entry.id, card);
    role(form, 'entries').append(card);
    await look(store, entry, config);
    const { stage, reason = '' } = entryOf(store, entry.id) ?? {};
    const { name } = file;
    if (stage) store.update({ announced: stage === 'refused' ? t('newcase.was_refused', { name, reason }) : t('newcase.added', { name }) });
  }
}

/** @param {number} id */
function remove(id) {
  const card = cards.get(id);
  const next = (card && neighbourOf(card)) ?? picker;
  store.update(({ entries }) => ({ entries: entries.filter((entry) => entry.id !== id) }));
  cards.delete(id);
  next.focus();
}

/** Send all that is ready; a case that is signed is changed only after it was asked. */
async function submit() {
  if (asking) return;
  asking = true;
  try {
    const known = store.state.caseId;
    if (known && !(await mayChangeCase(known, t('supersede.add', { count: ready(store.state).length })))) return;
    store.update({ started: true, problem: '' });
    if (!known) store.update({ caseId: await newCase() });
  } catch (error) {
    const { message } = asProblem(error);
    const { started } = store.state;
    store.update({ started: false, problem: started ? t('newcase.case_failed', { detail: message }) : message });
    return;
  } finally {
    asking = false;
  }
  await sendAll();
}

async function newCase() {
  const pseudonym = find(form, '[name="pseudonym"]', HTMLInputElement).value.trim();
  return (await call('post', '/api/v1/cases', { send: { pseudonym } })).body.id;
}

async function sendAll() {
  const waiting = ready(store.state);
  const lane = async () => {
    for (let entry = waiting.shift(); entry; entry = waiting.shift()) await delivery.deliver(entry.id);
  };
  addEventListener('beforeunload', warn);
  // The first file that names a patient says whose case it is, however long the others take: they are compared with it.
  const first = waiting.findIndex(({ format }) => format === 'DICOM');
  if (first >= 0) await delivery.deliver(waiting.splice(first, 1)[0].id);
  await Promise.all(Array.from({ length: CONCURRENT_UPLOADS }, lane));
  removeEventListener('beforeunload', warn);
}

/** Leaving now would break the uploads off; the browser asks in its own words. @param {Event} event */
function warn(event) {
  event.preventDefault();
}

/** @param {HTMLInputElement} from */
function takeChosen(from) {
  const files = [...(from.files ?? [])];
  from.value = ''; // the same file may be chosen again after it was removed
  take(files, from === folderPicker);
}

/** A pseudonym that says nothing, without letters and digits that look alike. */
function suggestion() {
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  const chosen = [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => letters[byte % letters.length]);
  return `P-${chosen.join('')}`;
}

store.subscribe(['entries'], (state) => {
  placeCards(form, cards, state);
  showHanging(role(form, 'grid'), state);
});
store.subscribe(['entries', 'taking', 'started', 'caseId', 'problem'], (state) => showIntake(form, state));
offerSeries(store, role(form, 'series'));
openWhenReady(store, byId('open-when-ready', HTMLInputElement));
store.subscribe(['announced'], (state) => announce(form, state));
for (const one of [picker, folderPicker]) one.addEventListener('change', () => takeChosen(one));
for (const kind of ['dragenter', 'dragover'])
  form.addEventListener(kind, (event) => {
    event.preventDefault();
    if (!store.state.started) drop.classList.add('over');
  });
for (const kind of ['dragleave', 'drop']) form.addEventListener(kind, () => drop.classList.remove('over'));
form.addEventListener('drop', async (event) => {
  event.preventDefault();
  if (store.state.started || !event.dataTransfer) return;
  const { files, folder, unread } = await filesOfDrop(event.dataTransfer);
  take(files, folder, unread);
});
// A file that misses the form must not replace the page.
for (const kind of ['dragover', 'drop']) addEventListener(kind, (event) => event.preventDefault());
form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (pseudonym && !pseudonym.value.trim()) {
    pseudonym.value = '';
    pseudonym.reportValidity();
    return;
  }
  const [wrong] = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll('input[name="um_per_pixel"]:invalid'));
  if (wrong) return void wrong.reportValidity();
  if (!store.state.started && !store.state.taking && ready(store.state).length) submit();
});
const [pseudonym] = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll('[name="pseudonym"]')]);
if (pseudonym && !pseudonym.value) pseudonym.value = suggestion();
takeChosen(picker); // chosen before this script was there, or kept by the browser at a reload
