// The reader's conclusion in the panel: for each breast a category, a density and a recommendation. Nothing is preselected.

import { find, role, write } from '../core/dom.js';
import { list, sentences, t } from '../core/words.js';
import { letterOf } from '../viewer/own.js';
import { createBreastWords } from './breast-words.js';
import { breastContradictions } from './breast-contradictions.js';
import { byLesion, verdictOf } from './findings.js';
import { ownOf } from './own.js';
import { judged } from './state.js';
import { CHOICES, FIELDS, examined } from './stated.js';
import { nameOfMarks } from './targets.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('./stated.js').Side} Side */
/** @typedef {import('./stated.js').Field} Field */

/** @param {import('../core/types.d.ts').ReaderFinding} finding */
const namedOwn = ({ number, kind }) => `${t('reading.own.name', { letter: letterOf(number) })} (${t(`clinical.kind.${kind}`)})`;

/** The breasts that show no sign of malignancy as a whole. @param {Reading} state */
const cleared = ({ together }) =>
  (together?.breasts ?? []).filter(({ assessment }) => assessment === 'no_sign_of_malignancy').map(({ laterality }) => laterality);

/** The contradictions between the reader's entries, each as a sentence. @param {Reading} state */
export const contradictionWords = (state) =>
  breastContradictions(state.breasts, judged(state), (target) => verdictOf(state, target), ownOf(state), cleared(state)).map(({ code, side, targets, drawn }) => {
    const { bi_rads: category = 0, recommendation } = state.breasts[side];
    const names = [...byLesion(state, targets).map((marks) => nameOfMarks(state, marks)), ...drawn.map(namedOwn)];
    const what = code === 'recommendation' ? t(`clinical.recommendation.${recommendation}`) : list(names);
    return t(`reading.breast.${code}`, { side: t(`clinical.side.${side}`), category, what });
  });

/** The name of a choice. @param {Field} field @param {string | number} value */
const nameOfChoice = (field, value) => {
  if (field === 'recommendation') return t(`clinical.recommendation.${value}`);
  return field === 'density' ? t(`clinical.density.${value}`) : t(`clinical.category.${value}`);
};

/** What the signed version in force states of a breast; the fields are for another version. @param {Reading['case']} detail @param {Side} side */
function signedWords(detail, side) {
  const report = detail?.state === 'signed' ? detail.reports[0] : null;
  const stated = report?.breasts?.[side === 'R' ? 'right' : 'left'];
  if (!report || !stated) return '';
  const { bi_rads: category, density, recommendation } = stated;
  const said = [t('reading.version', { version: report.version }), `BI-RADS ${category}`, density, recommendation && t(`reading.recommendation.${recommendation}`)];
  return said.filter(Boolean).join(' · ');
}

/** The digit or letter of a choice chooses it at once; arrows would choose each one before it. @param {KeyboardEvent} event */
function chooseByKey(event) {
  const { key, ctrlKey, metaKey, altKey, currentTarget } = event;
  if (ctrlKey || metaKey || altKey || !(currentTarget instanceof Element)) return;
  const input = currentTarget.querySelector(`input[value="${CSS.escape(key.toLowerCase())}"]`);
  if (!(input instanceof HTMLInputElement)) return;
  event.preventDefault();
  input.focus();
  input.click();
}

/**
 * @param {HTMLElement} root
 * @param {import('./state.js').ReadingStore} store
 */
export function createBreasts(root, store) {
  const places = role(root, 'sides');
  /** @type {Partial<Record<Side, ReturnType<typeof createBreastWords>>>} */
  const told = {};

  /** @param {Side} side */
  function create(side) {
    const place = document.createElement('div');
    const name = document.createElement('h3');
    name.textContent = t(`clinical.side.${side}`);
    place.dataset.side = side;
    const words = createBreastWords(side);
    told[side] = words;
    const head = document.createElement('div');
    head.className = 'head';
    head.append(name, words.said);
    const signed = document.createElement('p');
    signed.classList.add('hint', 'signed');
    place.append(head, ...FIELDS.flatMap((field) => (field === 'density' ? [group(side, field), words.density] : [group(side, field)])), signed);
    return place;
  }

  /** @param {Side} side @param {Field} field */
  function group(side, field) {
    const choices = document.createElement('div');
    choices.className = `choices ${field}`;
    choices.setAttribute('role', 'radiogroup');
    choices.setAttribute('aria-label', t('reading.breast.of', { side: t(`clinical.side.${side}`), field: t(`clinical.${field}`) }));
    choices.append(...CHOICES[field].map((value) => choice(side, field, value)));
    choices.addEventListener('keydown', chooseByKey);
    return choices;
  }

  /** @param {Side} side @param {Field} field @param {string | number} value */
  function choice(side, field, value) {
    const label = document.createElement('label');
    const input = document.createElement('input');
    const words = nameOfChoice(field, value);
    const recommends = field === 'recommendation';
    const short = recommends ? t(`reading.recommendation.${value}`) : String(value); // a part of the words
    Object.assign(input, { type: 'radio', name: `${field}-${side}`, value: String(value) });
    label.title = words;
    if (short !== words) input.setAttribute('aria-label', recommends ? words : `${short}: ${words}`);
    input.addEventListener('change', () => store.update(({ breasts }) => ({ breasts: { ...breasts, [side]: { ...breasts[side], [field]: value } } })));
    label.append(input, short);
    return label;
  }

  /** @param {Reading} state */
  function show(state) {
    const sides = examined(state);
    root.hidden = sides.length === 0;
    if (places.dataset.sides !== sides.join()) {
      places.dataset.sides = sides.join();
      places.replaceChildren(...sides.map(create));
    }
    for (const side of sides)
      for (const field of FIELDS)
        for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (places.querySelectorAll(`[name="${field}-${side}"]`)))
          input.checked = input.value === String(state.breasts[side][field]);
    for (const side of sides) {
      told[side]?.show(state);
      write(find(places, `[data-side="${side}"] .signed`), signedWords(state.case, side));
    }
    const words = sentences(contradictionWords(state));
    role(root, 'against').hidden = !words;
    write(role(root, 'against'), words);
  }

  store.subscribe(['case', 'images', 'breasts', 'together'], show);

  return {
    /** Focus the first field of a breast that has no entry. @param {Side} side */
    focus(side) {
      const open = FIELDS.find((field) => store.state.breasts[side][field] === undefined) ?? 'bi_rads';
      find(places, `[name="${open}-${side}"]`).focus();
    },

    /** Focus the next field that has no entry, after the one that has the focus; returns whether there is one. */
    focusNext() {
      const fields = examined(store.state).flatMap((side) => FIELDS.map((field) => ({ side, field, input: find(places, `[name="${field}-${side}"]`) })));
      const here = fields.findIndex(({ side, field }) => document.activeElement?.matches(`[name="${field}-${side}"]`));
      const next = fields.slice(here + 1).find(({ side, field, input }) => store.state.breasts[side][field] === undefined && !input.matches(':disabled'));
      next?.input.focus();
      return next !== undefined;
    },
  };
}
