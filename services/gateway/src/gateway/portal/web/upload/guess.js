// What an image probably is, from its name, its format, its tags and its colours; the user corrects it.

const GREY_UP_TO = 0.03; // mean difference between the colour channels, as the server measures it

const SIDES = [
  ['R', /(?:^|[^a-z])(?:r|right|rt)(?:[^a-z]|$)/i],
  ['L', /(?:^|[^a-z])(?:l|left|lt)(?:[^a-z]|$)/i],
];

/**
 * @param {string} name Of the file.
 * @param {string | null} format
 * @param {{modality?: string, view?: string, laterality?: string}} facts What its tags or its pixels say.
 * @returns {{modality: string, view: string, laterality: string, magnification: string}} Empty where nothing is known.
 */
export function guess(name, format, facts = {}) {
  const named = /(?:^|[^a-z])(l|r)?[-_ ]?(cc|mlo)(?:[^a-z]|$)/i.exec(name);
  const side = named?.[1]?.toUpperCase() || SIDES.find(([, words]) => words.test(name))?.[0] || '';
  const film = named !== null || /mammo|^mdb\d/i.test(name);
  const slide = /^sob_|histo|biops|h&e|(?:^|[-_ ])(?:40|100|200|400)x/i.test(name);
  let modality = facts.modality || 'histopathology';
  if (format === 'DICOM' || (film && !slide)) modality = 'mammography';
  else if (slide && !film) modality = 'histopathology';
  const objective = /(?:^|[-_ ])(40|100|200|400)(?:x|(?=[-_ ]\d))/i.exec(name);
  const mammogram = modality === 'mammography';
  return {
    modality,
    view: mammogram ? facts.view || named?.[2].toUpperCase() || (/^mdb\d/i.test(name) ? 'MLO' : '') : '',
    laterality: mammogram ? facts.laterality || side : '',
    magnification: !mammogram && objective ? `${objective[1]}X` : '',
  };
}

/** Whether a picture that the browser shows is a grey film or coloured tissue. */
export function modalityOf(picture) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(picture, 0, 0, 64, 64);
  const { data } = context.getImageData(0, 0, 64, 64);
  let spread = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b] = [data[at], data[at + 1], data[at + 2]];
    spread += Math.max(r, g, b) - Math.min(r, g, b);
  }
  return spread / (64 * 64 * 255) > GREY_UP_TO ? 'histopathology' : 'mammography';
}
