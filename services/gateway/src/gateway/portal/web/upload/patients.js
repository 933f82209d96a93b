// Whether files that wait to be sent are of one patient. The server gives opaque marks: the same mark, the same patient.

const ATTRIBUTES = ['patient_id', 'patient_name', 'birth_date'];

/** @typedef {{patient: Record<string, string | null>, differs: string[]}} Header As the API's `PreviewRead`. */

/**
 * In what each file names another patient: than the case, or than the files before it that name the case's.
 * @param {Header[]} headers In the order in which the files are sent.
 * @returns {string[][]} Attributes, for each file.
 */
export function patientDifferences(headers) {
  /** @type {Header[]} */
  const agreeing = [];
  return headers.map((header) => {
    const differing = ATTRIBUTES.filter((name) => header.differs.includes(name) || differs(header, agreeing, name));
    if (differing.length === 0) agreeing.push(header);
    return differing;
  });
}

/** @param {Header} header @param {Header[]} others @param {string} name */
function differs({ patient }, others, name) {
  const known = others.map((other) => other.patient[name]).filter((mark) => mark !== null);
  return patient[name] !== null && known.length > 0 && !known.includes(patient[name]);
}
