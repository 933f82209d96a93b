// The glance pane of the worklist on wide screens: films, verdict, findings and earlier examinations of the chosen case.

import { address, asProblem, call } from '../core/api.js';
import { role, write } from '../core/dom.js';
import { useModalities } from '../core/modalities.js';
import { probability } from '../core/numbers.js';
import { dayWords } from '../core/times.js';
import { apiLanguage, t } from '../core/words.js';
import { imagesOf } from '../viewer/image.js';
import { drawFilms, hungOf, layFilms } from './glance-films.js';
import { findingsOf } from './glance-findings.js';

/** @typedef {import('../core/types.d.ts').CaseDetail} CaseDetail */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */

const MOST_RESULTS = 16; // in one answer

/** @param {HTMLElement} pane */
export function createGlance(pane) {
  let turn = 0;
  let known = false;

  /** @param {string} caseId @param {string} name */
  async function show(caseId, name) {
    turn += 1;
    const mine = turn;
    const wanted = () => mine === turn;
    begin(caseId, name);
    try {
      if (!known) useModalities((await call('get', '/api/v1/modalities', {})).body.map((each) => ({ ...each, labels: {} }))); // no label is told here
      known = true;
      const { body: detail } = await call('get', '/api/v1/cases/{case_id}', { params: { case_id: caseId } });
      if (wanted()) await fill(detail, wanted);
    } catch (error) {
      if (wanted()) write(role(pane, 'verdict'), asProblem(error).message);
    }
    if (wanted()) pane.removeAttribute('aria-busy');
  }

  /** @param {string} caseId @param {string} name */
  function begin(caseId, name) {
    pane.setAttribute('aria-busy', 'true');
    pane.dataset.case = caseId;
    pane.dataset.assessment = '';
    role(pane, 'card').hidden = false;
    write(role(pane, 'name'), name);
    role(pane, 'open', HTMLAnchorElement).href = `/cases/${caseId}`;
    for (const part of ['about', 'verdict', 'certainty']) write(role(pane, part), '');
    for (const part of ['films', 'findings', 'priors', 'links']) role(pane, part).replaceChildren();
    role(pane, 'earlier').hidden = true;
  }

  /** @param {CaseDetail} detail @param {() => boolean} wanted */
  async function fill(detail, wanted) {
    const images = imagesOf(detail.images, []);
    const current = images.filter(({ prior }) => !prior);
    const hung = hungOf(images);
    layFilms(role(pane, 'films'), hung);
    tell(detail, current);
    const results = resultsOf(detail.id, current);
    const drawn = drawFilms(role(pane, 'films'), hung.filter(({ entry }) => entry.state === 'assessed'), results, wanted);
    const params = { case_id: detail.id };
    const [found, { body: together }, { body: priors }] = await Promise.all([
      results,
      call('get', '/api/v1/cases/{case_id}/examination', { params }),
      call('get', '/api/v1/cases/{case_id}/priors', { params }),
    ]);
    if (!wanted()) return;
    role(pane, 'findings').replaceChildren(...findingsOf(current, found, together.reading).map(findingRow));
    tellEarlier(images, priors);
    await drawn;
  }

  /** @param {CaseDetail} detail @param {ViewedImage[]} current */
  function tell({ conclusion, reports, id }, current) {
    const day = current.map(({ entry }) => entry.examination).find(Boolean);
    write(role(pane, 'about'), [day ? dayWords(day) : '', t('reading.facts.images', { count: current.length })].filter(Boolean).join(' · '));
    const { assessment, probability_malignant: value } = conclusion;
    pane.dataset.assessment = assessment ?? '';
    write(role(pane, 'verdict'), assessment ? t(`common.assessment.${assessment}`) : '');
    write(role(pane, 'certainty'), value === null ? '' : t('worklist.glance.suspicion', { percent: onScale(probability(value)) }));
    role(pane, 'links').replaceChildren(...reports.slice(0, 1).map(({ version }) => link(address('/api/v1/cases/{case_id}/reports/{version}', { params: { case_id: id, version }, query: { format: 'html', lang: apiLanguage } }), t('worklist.glance.report', { version }))));
  }

  /** @param {ViewedImage[]} images @param {import('../core/types.d.ts').PriorExamination[]} priors */
  function tellEarlier(images, priors) {
    const own = [...new Set(images.flatMap(({ prior, entry }) => (prior && entry.examination ? [entry.examination] : [])))];
    const items = [...own.map((day) => ({ day, href: '' })), ...priors.map(({ date, case_id: other }) => ({ day: date, href: `/cases/${other}` }))];
    items.sort((one, other) => other.day.localeCompare(one.day));
    role(pane, 'earlier').hidden = items.length === 0;
    role(pane, 'priors').replaceChildren(...items.map(({ day, href }) => {
      const item = document.createElement('li');
      item.append(href ? link(href, dayWords(day)) : dayWords(day));
      return item;
    }));
  }

  return { show };
}

/** @param {string} caseId @param {ViewedImage[]} images */
async function resultsOf(caseId, images) {
  const query = images.filter(({ entry }) => entry.state === 'assessed').slice(0, MOST_RESULTS).map(({ jobId }) => /** @type {[string, string]} */ (['job', jobId]));
  if (!query.length) return {};
  return (await call('get', '/api/v1/cases/{case_id}/results', { params: { case_id: caseId }, query })).body;
}

/** A percentage as the worklist states it, on its scale of suspicion from 0 to 100. @param {string} percent */
const onScale = (percent) => percent.replace('%', '');

/** @param {import('./glance-findings.js').Told} told */
function findingRow({ suspicion, state, percent, words, grown }) {
  const row = document.createElement('li');
  row.dataset.assessment = state;
  const [number, bar, said, change] = ['b', 'progress', 'span', 'small'].map((name) => document.createElement(name));
  write(number, onScale(percent));
  Object.assign(bar, { max: 1, value: suspicion ?? 0 });
  bar.setAttribute('aria-hidden', 'true');
  write(said, words.filter(Boolean).join(' · '));
  write(change, grown);
  said.append(' ', change);
  row.append(number, bar, said);
  return row;
}

/** @param {string} href @param {string} words */
function link(href, words) {
  const made = document.createElement('a');
  made.href = href;
  made.textContent = words;
  return made;
}
