// The page of a new analysis: choose, look, correct, send, follow.

import { Problem, upload, url } from './api.js';
import { examine, sizeProblem } from './checks.js';
import { icon, message, role } from './dom.js';
import { Follow } from './follow.js';
import { bytes } from './words.js';

const form = document.getElementById('new');
const drop = document.getElementById('drop');
const picker = document.getElementById('file');
const submit = form.querySelector('[type="submit"]');
const follow = new Follow(document.getElementById('follow'), document.getElementById('report'));
const limits = {
  maxBytes: Number(form.dataset.maxUploadBytes),
  maxPixels: Number(form.dataset.maxPixels),
  minSide: Number(form.dataset.minSide),
};
let chosen = null;
let preview = null;

async function choose(file) {
  chosen = null;
  submit.disabled = true;
  clearPreview();
  const { format, problem, previewable } = await examine(file, limits);
  role(form, 'file').hidden = false;
  role(form, 'file-name').textContent = file.name;
  role(form, 'file-facts').textContent = `${format || 'unknown type'}, ${bytes(file.size)}`;
  refuse(problem);
  if (problem) return;
  chosen = file;
  submit.disabled = false;
  guess(format, file.name);
  if (previewable) showPicture(file, format);
  else showTile(`There is no preview of ${format} files in the browser. The file can be analysed all the same.`);
}

function refuse(problem) {
  message(document.getElementById('file-problem'), problem || '');
  role(form, 'file-note').hidden = true;
  drop.classList.toggle('refused', Boolean(problem));
  if (problem) {
    chosen = null;
    submit.disabled = true;
  }
}

function clearPreview() {
  if (preview) URL.revokeObjectURL(preview);
  preview = null;
  role(form, 'preview').replaceChildren();
  role(form, 'preview').hidden = true;
  role(form, 'empty').hidden = false;
}

function showIn(element) {
  role(form, 'preview').replaceChildren(element);
  role(form, 'preview').hidden = false;
  role(form, 'empty').hidden = true;
}

function showPicture(file, format) {
  const picture = new Image();
  preview = URL.createObjectURL(file);
  picture.alt = `Preview of ${file.name}`;
  picture.addEventListener('load', () => {
    if (chosen !== file) return;
    const { naturalWidth: width, naturalHeight: height } = picture;
    role(form, 'file-facts').textContent = `${format}, ${width} x ${height} pixels, ${bytes(file.size)}`;
    refuse(sizeProblem(width, height, limits));
  });
  picture.addEventListener('error', () => {
    if (chosen !== file) return;
    showTile('The browser cannot show this image.');
    message(role(form, 'file-note'), 'The image may be damaged. You can send it all the same; Lobule will check it.');
  });
  picture.src = preview;
  showIn(picture);
}

function showTile(words) {
  const tile = document.createElement('span');
  tile.className = 'tile';
  const text = document.createElement('span');
  text.textContent = words;
  tile.append(icon('image'), text);
  showIn(tile);
}

/** What kind of image it probably is, from its format and name; the user corrects it where it is wrong. */
function guess(format, name) {
  const view = /(?:^|[^a-z])(l|r|left|right)?[-_ ]?(cc|mlo)(?:[^a-z]|$)/i.exec(name);
  const film = format === 'DICOM' || view !== null || /mammo|^mdb\d/i.test(name);
  const side = view?.[1] || /(?:^|[^a-z])(left|right)(?:[^a-z]|$)/i.exec(name)?.[1] || '';
  const magnification = /(?:^|[-_ ])(40|100|200|400)(?:x|(?=[-_ ]\d))/i.exec(name);
  form.elements.modality.value = film ? 'mammography' : 'histopathology';
  form.elements.magnification.value = magnification && !film ? `${magnification[1]}X` : '';
  form.elements.view.value = view ? view[2].toUpperCase() : '';
  form.elements.laterality.value = film ? side.charAt(0).toUpperCase() : '';
  const hint = role(form, 'guess');
  hint.hidden = false;
  hint.textContent = 'Guessed from the file. Please correct it where it is wrong.';
  showFields();
}

function showFields() {
  for (const part of form.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== form.elements.modality.value;
}

function fields() {
  const data = new FormData();
  const modality = form.elements.modality.value;
  const names = modality === 'histopathology' ? ['magnification'] : ['view', 'laterality'];
  data.append('modality', modality);
  for (const name of names) if (form.elements[name].value) data.append(name, form.elements[name].value);
  data.append('file', chosen, chosen.name); // the last: the server checks the others before it stores a byte
  return data;
}

function busy(on) {
  form.toggleAttribute('data-busy', on);
  for (const control of form.elements) control.disabled = on;
  submit.disabled = on || !chosen;
}

async function send() {
  follow.begin();
  const data = fields();
  busy(true);
  const started = performance.now();
  const sending = upload(form.dataset.uploadUrl, data, (loaded, total) => {
    const elapsed = (performance.now() - started) / 1000;
    follow.uploading(loaded / total, (elapsed * (total - loaded)) / Math.max(1, loaded));
  });
  follow.onCancelUpload = sending.abort;
  try {
    const { job } = await sending.done;
    history.replaceState(null, '', url(follow.urls.pageUrl, job.id)); // a reload goes on with the job
    follow.watch(job.id);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    busy(false);
    follow.uploadFailed(problem);
  }
}

role(form, 'limit').textContent = bytes(limits.maxBytes);
picker.addEventListener('change', () => {
  if (picker.files.length) choose(picker.files[0]);
});
for (const kind of ['dragenter', 'dragover'])
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    if (!form.hasAttribute('data-busy')) drop.classList.add('over');
  });
for (const kind of ['dragleave', 'drop']) drop.addEventListener(kind, () => drop.classList.remove('over'));
drop.addEventListener('drop', (event) => {
  event.preventDefault();
  const { files } = event.dataTransfer;
  if (form.hasAttribute('data-busy') || files.length === 0) return;
  choose(files[0]).then(() => {
    if (files.length > 1)
      message(role(form, 'file-note'), `Only the first of the ${files.length} files was taken: one image at a time.`);
  });
});
// A file that misses the box must not replace the page.
for (const kind of ['dragover', 'drop']) addEventListener(kind, (event) => event.preventDefault());
form.addEventListener('change', (event) => {
  if (event.target.name === 'modality') showFields();
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (chosen) send();
});
showFields();
if (picker.files.length) choose(picker.files[0]); // chosen before this script was there, or kept by the browser at a reload
