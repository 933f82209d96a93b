// Whether the conclusion that somebody is about to sign contradicts what they said of the findings. Pure.

/**
 * @typedef {import('../viewer/study.js').Study} Study
 * @typedef {{code: 'clear_but_confirmed' | 'suspected_but_dismissed', targets: {study: Study, index: number | null}[]}} Contradiction
 */

/**
 * @param {string} conclusion What would be signed.
 * @param {Study[]} studies The images of the case; those without a result say nothing.
 * @param {(study: Study, index: number | null) => 'confirmed' | 'dismissed' | null} verdictOf
 * @returns {Contradiction | null} With the verdicts that speak against the conclusion.
 */
export function contradiction(conclusion, studies, verdictOf) {
  const read = studies.filter(({ result }) => result);
  if (conclusion === 'no_sign_of_malignancy') {
    const targets = read.flatMap((study) => suspicious(study).filter(({ index }) => verdictOf(study, index) === 'confirmed'));
    return targets.length ? { code: 'clear_but_confirmed', targets } : null;
  }
  if (conclusion === 'malignancy_suspected') {
    const dismissed = read.flatMap((study) => places(study).filter(({ index }) => verdictOf(study, index) === 'dismissed'));
    const supported = read.some((study) => supports(study, verdictOf));
    return dismissed.length && !supported ? { code: 'suspected_but_dismissed', targets: dismissed } : null;
  }
  return null;
}

/** How suspicious a finding is; where its own was not measured, as its image. */
const suspicionOf = (study, index) => study.result.findings[index].probability_malignant ?? study.result.probability_malignant;

/** Everything in an image that has a verdict of its own. */
const places = (study) => [{ study, index: null }, ...study.result.findings.map((_, index) => ({ study, index }))];

/** The findings, and the image as a whole, that are anything but clear on the image's own scale. */
function suspicious(study) {
  const { assessment, thresholds } = study.result;
  const suspects = ({ index }) => (index === null ? assessment !== 'no_sign_of_malignancy' : suspicionOf(study, index) >= thresholds.low);
  return places(study).filter(suspects);
}

/** Whether something of an image still speaks for malignancy: confirmed, or without a verdict so far. */
function supports(study, verdictOf) {
  const { result } = study;
  const whole = verdictOf(study, null);
  const marked = places(study).filter(({ index }) => index !== null && result.findings[index].probability >= result.thresholds.finding);
  if (places(study).some(({ index }) => index !== null && verdictOf(study, index) === 'confirmed')) return true;
  if (whole === 'confirmed') return result.assessment !== 'no_sign_of_malignancy';
  if (whole === 'dismissed') return false;
  if (marked.length) return marked.some(({ index }) => !verdictOf(study, index));
  return result.assessment !== 'no_sign_of_malignancy';
}
