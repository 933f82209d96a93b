// Looks up the sentences of the page by key: `t(key, values)`.

/** @typedef {Record<string, string | number>} Values What fills the blanks of a sentence. */
/** @typedef {{t: (key: string, values?: Values) => string, has: (key: string) => boolean, add: (more: Record<string, string>) => void}} Translator */

/**
 * Access to the sentences of one language.
 * @param {Record<string, string>} sentences By key. What is counted has a key for each plural form: `images.one`,
 *     `images.other`, as CLDR names the forms.
 * @param {string} language As HTML names it, such as `zh-Hans`; it decides which plural form a number takes.
 * @returns {Translator}
 */
export function translator(sentences, language) {
  const plurals = new Intl.PluralRules(language);

  const known = new Map(Object.entries(sentences));

  /** @param {string} key @param {Values} values */
  function sentenceOf(key, { count }) {
    if (known.has(key) || count === undefined) return known.get(key);
    return known.get(`${key}.${plurals.select(Number(count))}`) ?? known.get(`${key}.other`);
  }

  return {
    t(key, values = {}) {
      const sentence = sentenceOf(key, values);
      if (sentence === undefined) throw new Error(`catalogue: ${key}`);
      return sentence.replace(/\{(\w+)\}/g, (blank, name) => (name in values ? String(values[name]) : blank));
    },
    has: (key) => known.has(key),
    add(more) {
      for (const [key, sentence] of Object.entries(more)) known.set(key, sentence);
    },
  };
}

/** @type {Translator | null} */
let current = null;
const page = globalThis.document;

/** The language of the page, as HTML names it. */
export const language = page ? page.documentElement.lang : 'en';

/** The language with which `Intl` writes dates and lists: that of the report. */
export const locale = language === 'en' ? 'en-GB' : language;

/** The language of the page as the API names it: `en` or `zh`. */
export const apiLanguage = language.slice(0, 2);

/** Speak from other sentences than those that the page hands over, as tests do. */
export function useWords(/** @type {Translator} */ words) {
  current = words;
}

function words() {
  current ??= translator({ ...JSON.parse(page.body.dataset.words ?? '{}'), ...globalThis.sentences }, language);
  return current;
}

/** Load the sentences of a script that is loaded later. @param {string} script Its name below `web/`. */
export async function addWords(script) {
  await import(`/words/${apiLanguage}/${script}`);
  words().add(globalThis.sentences);
}

/**
 * The sentence of a key, its blanks filled in. A sentence with plural forms takes the form for `values.count`.
 * @param {string} key
 * @param {Values} [values]
 * @throws {Error} The page was handed no such sentence.
 */
export const t = (key, values) => words().t(key, values);

/** Whether there is a sentence of this key. @param {string} key */
export const has = (key) => words().has(key);

/** Sentences that follow each other; Chinese has no space between them. @param {string[]} said */
export const sentences = (said) => said.join(language === 'en' ? ' ' : '');

const lists = new Intl.ListFormat(locale, { style: 'long', type: 'conjunction' });

/** Items as in a sentence: `LCC, RCC and LMLO`. @param {string[]} items */
export const list = (items) => lists.format(items);
