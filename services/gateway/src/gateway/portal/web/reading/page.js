// The reading page: creates the parts that show a case, its images, findings, reviews and reports.

import { inForce, maySupersede } from '../cases/supersede.js';
import { tellActivity } from '../core/activity.js';
import { asProblem, call, fetchRaw } from '../core/api.js';
import { problemWords } from '../core/codes.js';
import { byId, find, onClick, role, showNote, write } from '../core/dom.js';
import { guardLeaving } from '../core/leaving.js';
import { probability, shownProbability } from '../core/numbers.js';
import { createStore } from '../core/store.js';
import { localTimes } from '../core/times.js';
import { t } from '../core/words.js';
import { createDisplay } from '../viewer/display.js';
import { createPanes } from '../viewer/panes.js';
import { showMissing } from '../viewer/missing.js';
import { createStrip } from '../viewer/strip.js';
import { BUILT_IN, createTools, rememberedCrop, rememberedOverlays } from '../viewer/tools.js';
import { createBreasts } from './breasts.js';
import { createCaseFeed, troubleNote } from './case-feed.js';
import { createConclusion } from './conclusion.js';
import { createFindingsList } from './findings-list.js';
import { marksOf } from './findings.js';
import { keepOverLogin } from './kept.js';
import { listenToKeys } from './keys.js';
import { NOT_YET, createLateDialogs, createLateTools, fetched } from './late.js';
import { createLoader } from './loading.js';
import { createNavigation } from './navigation.js';
import { createOpinions } from './opinions.js';
import { createOwn } from './own.js';
import { DRAWING, createOwnPart, marksOfOwn } from './own-part.js';
import { createPresence } from './presence.js';
import { createPriors } from './priors.js';
import { createReviews, lastChange } from './reviews.js';
import { NOTHING_YET } from './state.js';
import { createSample } from './sample.js';
import { createStatus, showFacts, showFilmFacts, showLine, showStatus } from './status.js';
import { sameTarget, targetOf } from './targets.js';
import { createTwoPart, goToNext } from './two-part.js';
import { chosenBand, followTogether } from './together.js';
import { createVersions } from './versions.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */

const root = byId('reading');
const { caseId = '', inputErrors = '', keys = '' } = root.dataset;
const INPUT_ERRORS = inputErrors.split(' ');
const signingDialog = byId('signing', HTMLDialogElement);
const store = createStore(/** @type {Reading} */ ({ ...NOTHING_YET, overlays: rememberedOverlays(), cropped: rememberedCrop() }));

const loader = createLoader(store, caseId);
const feed = createCaseFeed(store, caseId, { onImages: loader.load, onFirst: () => reviews.recall(), onReached: () => reviews.resend() });
const together = followTogether(store, caseId);
const status = createStatus(store);
const mayChange = async (/** @type {string} */ change) => {
  const { case: detail } = store.state;
  return !detail || maySupersede(inForce(detail), change);
};
/** @param {unknown} error */
const showProblem = (error) => store.update({ trouble: troubleNote(asProblem(error)) });

const panes = createPanes(role(root, 'panes'), {
  marksOf, ownOf: marksOfOwn, bandOf: chosenBand,
  paintTools,
  onFine: (image) => loader.refine(image),
  isLit: ({ lit }, image) => sameTarget(lit, targetOf(image)),
  describe,
  failureOf,
  onEdit: (image) => dialogs.edit(image),
  onRetry: (image) => retry(image),
  onStop: (image) => stop(image),
  onUse: ({ viewed }) => navigation.use(viewed),
  onPick: (image, index) => pick(targetOf(image, index)),
  onPickOwn: (id) => drawn.pick(id),
  onPeek: (peek) => tools.peek(peek),
  onWindow: ({ viewed }, contrast, brightness) => tools.adjust(contrast, brightness, viewed),
  enhanced: (state, { id }) => late?.enhancing()?.sourceOf(state, id) ?? null,
  linked: () => store.state.linked,
  toolOf: () => store.state.tool,
  instruments: () => handOf(),
});
const reviews = createReviews(store, { feed, status, maySupersede: mayChange, reveal: (target) => navigation.reveal(target), coupled: (target) => navigation.coupled(target) });
const list = createFindingsList(role(root, 'findings'), store, {
  pick,
  reveal: (target) => navigation.reveal(target),
  say: reviews.say,
  correct: (target) => drawn.correct(target),
  pair: (target) => drawn.pair(target),
  part: (mark) => own.part(mark),
});
const navigation = createNavigation(store, { panes, list, deepen: loader.deepen, tell: status.tell, say: reviews.say, conclude: () => breasts.focusNext() || versions.focusAct() });
const tools = createTools(store, { activePane: navigation.activePane, fitAll: panes.fitAll });
const own = createOwn(store, { feed, status, maySupersede: mayChange });
const display = createDisplay(root, tools, navigation.arrange);
const breasts = createBreasts(role(root, 'breasts'), store);
const versions = createVersions(find(root, '.panel'), { onSign: () => openSigning(), refresh: feed.refresh, onProblem: showProblem });

/** The instrument of the selected tool; `NOT_YET` while it is being loaded. */
const handOf = () => (DRAWING.includes(store.state.tool) ? drawn.drawing : late.instruments()) ?? (BUILT_IN.includes(store.state.tool) ? null : NOT_YET);

/** Choose a finding, or link it with the one that waits for a partner. @param {import('./targets.js').Target} target */
function pick(target) {
  if (drawn.meet(target)) return;
  store.update({ ownChosen: null });
  navigation.pick(target);
}

/** Paint what the tools have drawn over a pane. @param {import('../viewer/pane.js').Pane} pane */
function paintTools(pane) {
  late?.instruments()?.paint(pane);
  drawn.paint(pane);
}

/** The name and the conclusion of an image, in words. @param {ViewedImage} image */
function describe({ name, result }) {
  if (!result) return t('reading.describe.none', { name });
  const { assessment, thresholds } = result;
  const value = shownProbability(result);
  const percent = value === null ? t('reading.finding.unknown') : probability(value, thresholds);
  return t('reading.describe', { name, assessment: t(`common.assessment.${assessment}`), percent });
}

/** The reason for which an image was not assessed, and whether a retry is useless. @param {ViewedImage} image */
function failureOf({ entry: { job } }) {
  const words = job.state === 'cancelled' ? t('reading.cancelled') : job.error?.detail ?? problemWords({});
  return { words, hopeless: job.error !== null && INPUT_ERRORS.includes(job.error.code) };
}

const drawn = createOwnPart(role(root, 'own'), store, {
  own, panes, tools, tell: status.tell, fetched, dialog: byId('naming', HTMLDialogElement), onProblem: showProblem, ask: createOpinions(store, caseId),
});

/** @type {Set<string>} What is being done. */
const running = new Set();

/** Run a task, unless it is running already. @param {string} what @param {() => Promise<void>} task */
async function oneAtATime(what, task) {
  if (running.has(what)) return;
  running.add(what);
  store.update({ trouble: NOTHING_YET.trouble });
  try {
    await task();
  } catch (error) {
    showProblem(error);
  } finally {
    running.delete(what);
  }
}

const late = createLateTools(store, { panes: panes.all, onProblem: showProblem });
const dialogs = createLateDialogs(store, {
  dialogs: { about: byId('about', HTMLDialogElement), edit: byId('edit', HTMLDialogElement), belongs: byId('belongs', HTMLDialogElement), signing: signingDialog },
  refused: role(root, 'refused'),
  about: { maySupersede: mayChange, refresh: feed.refresh, onRenamed, onDeleted: () => location.assign('/') },
  edit: { maySupersede: mayChange, refresh: feed.refresh, onChanged: lookAgain },
  signing: { refresh: () => Promise.all([feed.refresh(), together.again()]), onSigned, goTo, goToBreast: breasts.focus },
  settled: () => Promise.all([reviews.settled(), own.settled()]),
  onProblem: showProblem,
});

/** @param {string} pseudonym */
function onRenamed(pseudonym) {
  document.title = document.title.replace(find(root, 'h1').textContent ?? '', pseudonym);
  write(find(root, 'h1'), pseudonym);
  status.tell(t('reading.about.renamed', { name: pseudonym }));
}

async function lookAgain() {
  await feed.refresh();
  feed.wake();
}

/** @param {ViewedImage} image */
const retry = ({ jobId, name }) =>
  oneAtATime(jobId, async () => {
    if (!(await mayChange(t('reading.retry.of', { name })))) return;
    await call('post', '/api/v1/jobs/{job_id}/retry', { params: { job_id: jobId } });
    feed.wake();
  });

/** Let the reader stop an analysis, because one that never ends would keep the case from being read. @param {ViewedImage} image */
const stop = ({ jobId }) =>
  oneAtATime(jobId, async () => {
    await call('post', '/api/v1/jobs/{job_id}/cancel', { params: { job_id: jobId } });
    await lookAgain();
  });

const openSigning = () => oneAtATime('sign', dialogs.sign);

/** @param {number | null} version None where another reader is waited for. @param {boolean} next Whether the reader goes on to the next case. */
async function onSigned(version, next) {
  store.update({ breasts: NOTHING_YET.breasts });
  if (next) return goToNext();
  if (version !== null) status.tell(t('reading.signed.now', { version }));
  try {
    await feed.refresh();
    if (version !== null) return versions.focus();
    status.tell(t(store.state.case?.state === 'arbitration' ? 'reading.two.signed.second' : 'reading.two.signed.first'));
    role(root, 'sign').hidden = true; // as the reads will say, which are still asked for
    role(root, 'next').focus();
  } catch {
    feed.wake(); // it is signed; the next look at the case says what else is wrong
  }
}

/** @param {import('./targets.js').Target} target */
function goTo(target) {
  navigation.reveal(target);
  list.focus(target);
}

/** Show the keys as the help page lists them. */
async function openHelp() {
  const dialog = byId('shortcuts', HTMLDialogElement);
  const place = role(dialog, 'keys');
  dialog.showModal();
  if (place.childElementCount) return;
  try {
    const page = new DOMParser().parseFromString(await (await fetchRaw('/help')).text(), 'text/html');
    place.replaceChildren(find(page, '.keys'));
  } catch (error) {
    dialog.close();
    showProblem(error);
  }
}

/** Undo the last change, and move the focus if its button is gone. */
async function undo() {
  const last = lastChange(store.state);
  if (last && 'own' in last) return void (await own.undo(last));
  await reviews.undo();
  if (role(root, 'undo').hidden && last) list.focus(last.target);
}

/** @param {Reading} state */
function showCase({ case: detail, images }) {
  if (!detail) return;
  const empty = root.toggleAttribute('data-empty', images.length === 0);
  role(root, 'loading').hidden = true;
  const waits = images.some(({ entry, result, problem }) => entry.state === 'assessed' && !result && !problem);
  if (!waits) root.removeAttribute('data-waiting');
  role(root, 'empty').hidden = !empty;
  role(root, 'reading').hidden = empty;
  const state = role(root, 'state');
  write(state, t(`common.state.${detail.state}`));
  state.dataset.state = detail.state;
}

const comment = find(signingDialog, '[name="comment"]', HTMLTextAreaElement);
const leaving = keepOverLogin(store, comment, { caseId, user: root.dataset.user ?? '', onBack: () => status.tell(t('reading.kept')) });
const stated = () => Object.values(store.state.breasts).some((breast) => Object.keys(breast).length > 0);
const unsaved = () => !leaving() && (stated() || Object.keys(store.state.drafts).length > 0 || store.state.saving > 0 || reviews.waiting() || comment.value.trim() !== '');
store.subscribe(['case', 'images'], showCase);
store.subscribe(['case'], together.caseChanged);
store.subscribe(['case'], dialogs.refused);
store.subscribe(['case'], createTwoPart(root, store, { fetched, refresh: feed.refresh, tell: status.tell, onProblem: showProblem }));
store.subscribe(['images', 'activeId', 'layout', 'lit', 'chosen', 'case', 'overlays', 'cropped', 'threshold', 'together', 'turns', 'enhanced', 'enhancedFilms', 'peek', 'ownChosen'], panes.show);
store.subscribe(['windows'], panes.showWindows);
store.subscribe(['images', 'activeId', 'layout'], createStrip(role(root, 'strip'), { describe, onChoose: navigation.choose }));
store.subscribe(['case', 'images', 'together'], createConclusion(role(root, 'conclusion'), navigation.choose));
store.subscribe(['case', 'images'], versions.show);
store.subscribe(['overlays'], display.showOverlays);
store.subscribe(['cropped'], display.showCrop);
store.subscribe(['images', 'activeId', 'layout'], display.showLayout);
store.subscribe(['tool', 'linked', 'enhanced'], display.showTools);
store.subscribe(['images'], showMissing(role(root, 'missing')));
store.subscribe(['images', 'activeId', 'layout', 'together'], display.showRamp);
store.subscribe(['images', 'activeId', 'windows'], display.showWindow);
store.subscribe(['chosen', 'images', 'line', 'changes'], (state) => showStatus(role(root, 'status-line'), state));
store.subscribe(['images'], (state) => showFacts(role(root, 'facts'), state));
store.subscribe(['images', 'activeId', 'layout', 'windows', 'linked', 'cropped'], (state) => showFilmFacts(role(root, 'film-facts'), state));
store.subscribe(['line'], (state) => showLine(role(root, 'status-line'), state));
store.subscribe(['trouble'], ({ trouble }) => showNote(role(root, 'trouble'), trouble));
store.subscribe(['announced'], ({ announced }) => write(role(root, 'announcer'), announced));

role(root, 'undo').addEventListener('click', undo);
listenToKeys(store, JSON.parse(keys), {
  navigation,
  tools,
  undo,
  drop: () => late.instruments()?.drop() || drawn.drop(),
  help: openHelp,
  tell: status.tell,
  toggle: byId('shortcuts-on', HTMLInputElement),
  instruments: handOf,
});
onClick(root, '[data-role="next"]', () => oneAtATime('next', goToNext));
onClick(document, '[data-opens="shortcuts"]', openHelp);
onClick(document, '[data-closes]', (button) => button.closest('dialog')?.close());
localTimes(document);
tellActivity(document, () => call('post', '/api/v1/sessions/current/activity'));
let ahead = /** @type {Promise<unknown> | null} */ (null);
const lookAhead = () => (ahead ??= import('./ahead.js').then(({ createAhead }) => createAhead(store, caseId), () => {})); // it only saves time
for (const hand of ['pointerdown', 'keydown']) addEventListener(hand, lookAhead, { passive: true }); // not before the first view
createPresence(root, store, caseId, showProblem);
onClick(root, '[data-opens="about"]', dialogs.about);
createSample(root, showProblem);
createPriors(role(root, 'earlier'), store, { caseId, retake: feed.retake, choose: navigation.choose });
guardLeaving({ unsaved, pending: () => store.state.saving > 0, settled: () => Promise.all([reviews.settled(), own.settled()]) });
feed.start();
