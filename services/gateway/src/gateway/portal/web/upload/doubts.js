// Says what of a chosen film has to be checked: by what the server read, or because its name and its tags differ.

import { doubtWords, doubtsOf, spoken } from '../core/codes.js';
import { attributesOf } from '../core/modalities.js';
import { t } from '../core/words.js';
import { guess } from './guess.js';

/** @type {{of: 'laterality' | 'view', what: string}[]} What both a name and tags tell, and what is in doubt where they differ. */
const TOLD = [{ of: 'laterality', what: 'side' }, { of: 'view', what: 'view' }];

/**
 * The doubts about a film, in a few words each, with the reasons as sentences. A side or view that the reader changed is not doubted.
 * @param {import('./state.js').Entry} entry
 */
export function fileDoubts({ file, format, facts, options }) {
  const changed = TOLD.filter(({ of }) => options[of] !== (facts[of] ?? ''));
  const open = TOLD.filter((told) => !changed.includes(told));
  const notices = (facts.notices ?? []).filter((notice) => !changed.some(({ what }) => doubtsOf([notice]).includes(what)));
  const named = guess(file.name, format, { modality: options.modality });
  const differing = open.filter(({ of }) => named[of] && facts[of] && named[of] !== facts[of] && isPlain(of, facts[of]));
  const why = differing.map(({ of }) => t(`newcase.doubt.${of}`, { name: spoken(of, named[of]), file: spoken(of, facts[of] ?? '') }));
  const scale = scaleNotices(options);
  const labels = new Set([...doubtsOf([...notices, ...scale]), ...differing.map(({ what }) => what)]);
  const scaled = !attributesOf(options.modality || null).includes('um_per_pixel') || options.um_per_pixel || options.magnification;
  const words = [...doubtWords([...notices, ...scale]), ...why, ...(scaled ? [] : [t('newcase.doubt.scale')])];
  return { labels: [...labels].map((what) => t(`doubts.${what}`)), words };
}

/** @type {{um: Record<string, number>, farthest: number} | undefined} */
let usual;

/**
 * The notice that the micrometres and the magnification which were given contradict each other, as the analysis will say it.
 * @param {import('./state.js').Options} options
 */
function scaleNotices({ modality, um_per_pixel: given, magnification }) {
  if (!given || !magnification || !attributesOf(modality).includes('magnification')) return [];
  usual ??= JSON.parse(globalThis.document?.querySelector('[data-um-of-magnification]')?.getAttribute('data-um-of-magnification') ?? '{"um":{}}');
  const { um = {}, farthest = 1 } = usual ?? {};
  const ratio = Number(given) / um[magnification];
  if (!(Math.max(ratio, 1 / ratio) > farthest)) return [];
  const values = { um: String(Number(Number(given).toPrecision(3))), magnification, usual: String(um[magnification]) };
  return [{ code: 'scale_against_magnification', detail: '', values }];
}

/** Whether file names state a value as precisely as tags do; those of special views may name only the projection. @param {string} of @param {string} value */
const isPlain = (of, value) => of !== 'view' || value === 'CC' || value === 'MLO';
