import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { drawnPlace, regionOf } from '#web/reading/axis.js';
import { turnResult } from '#web/viewer/hung.js';

const BOX = { x: 390, y: 290, width: 20, height: 20 };
const axis = (view, changes = {}) => ({ job_id: view, view, nipple: [700, 500], wall: [100, 500], side: [700, -100], upright: true, ...changes });
const film = (view, image = {}) => ({
  id: view,
  jobId: view,
  entry: { laterality: 'L' },
  result: { image: { width: 800, height: 800, pixel_spacing_mm: [0.1, 0.1], ...image }, findings: [{ id: 'f1', box: BOX }] },
});
const own = (view, changes = {}) => ({ id: `own-${view}`, image_id: view, shape: 'box', box: BOX, outline: null, corrects: null, ...changes });
const state = ({ findings = [own('CC'), own('MLO')], same = [], axes = [axis('CC'), axis('MLO')], breasts = [], image = {} } = {}) => ({
  case: { reader_findings: findings, same_lesions: same },
  images: [film('CC', image), film('MLO', image)],
  together: { axes, breasts },
});

test('one film tells one half of the breast, the depth and the distance from the nipple', () => {
  const [cc, mlo] = [own('CC'), own('MLO')].map((finding) => drawnPlace(state(), finding));
  assert.deepEqual(cc.place, { across: 'outer', along: null, clock: null, depth: 'middle', retroareolar: false });
  assert.deepEqual([mlo.place.across, mlo.place.along], [null, 'upper']);
  assert.ok(Math.abs(cc.mm - 36.06) < 0.01);
});

test('the same lesion on the other view, and the lesion whose outline is corrected, tell the hour', () => {
  for (const other of [{ job_id: null, finding_id: 'own-MLO' }, { job_id: 'MLO', finding_id: 'f1' }]) {
    const same = [{ id: 'm', one: { job_id: null, finding_id: 'own-CC' }, other }];
    assert.equal(drawnPlace(state({ same }), own('CC')).place.clock, 2);
  }
  const breasts = [{ lesions: [{ marks: ['CC', 'MLO'].map((view) => ({ job_id: view, finding_id: 'f1', view })) }] }];
  const corrected = own('CC', { corrects: { job_id: 'CC', finding_id: 'f1' } });
  assert.equal(drawnPlace(state({ breasts, findings: [corrected] }), corrected).place.clock, 2);
});

test('a film that hangs turned tells the same', () => {
  const turned = { width: 800, height: 800, hanging: { rotation: 90, mirrored: true } };
  assert.deepEqual(drawnPlace(state({ image: turned }), own('CC')), drawnPlace(state(), own('CC')));
});

test('what is not known is not told', () => {
  assert.equal(drawnPlace(state({ image: { pixel_spacing_mm: null } }), own('CC')).mm, null);
  assert.equal(drawnPlace(state({ axes: [axis('CC', { upright: false })] }), own('CC')).place.across, null);
  assert.equal(drawnPlace(state({ axes: [] }), own('CC')), null);
  assert.equal(drawnPlace({ ...state(), together: null }, own('CC')), null);
});

test('places are those of reports, in the cases of `shared/tests/places.json`', () => {
  const cases = JSON.parse(readFileSync(new URL('../../../../../shared/tests/places.json', import.meta.url), 'utf8'));
  assert.ok(cases.length > 50);
  for (const { name, side, of, films, place, mm } of cases) {
    const parts = Object.entries(films).map(([view, { image, axis: points, box: [x, y, width, height] }]) => ({
      axis: { job_id: view, view, ...points },
      own: own(view, { box: { x, y, width, height } }),
      image: { id: view, jobId: view, entry: { laterality: side }, result: turnResult({ image: { width: 1000, height: 900, ...image }, findings: [] }) },
    }));
    const [one, other] = ['CC', 'MLO'].map((view) => ({ job_id: null, finding_id: `own-${view}` }));
    const read = {
      case: { reader_findings: parts.map((part) => part.own), same_lesions: [{ id: 'm', one, other }] },
      images: parts.map(({ image }) => image),
      together: { axes: parts.map(({ axis: known }) => known), breasts: [] },
    };
    const found = drawnPlace(read, parts.find(({ own: { image_id: view } }) => view === of).own);
    assert.deepEqual(found.place, place, name);
    assert.ok(mm === null ? found.mm === null : Math.abs(found.mm - mm) < 0.011, `${name}: ${found.mm} instead of ${mm} mm`);
  }
});

test('the hour is that which the viewer sees', () => {
  const at = (across) => ({ across, depth: 'middle', retroareolar: false, mm: null });
  const oblique = Math.SQRT1_2;
  assert.equal(regionOf('L', at(0.5), at(0.5 * oblique)).clock, 3);
  assert.equal(regionOf('R', at(0.5), at(0.5 * oblique)).clock, 9);
  assert.equal(regionOf('R', at(0), at(0.5 * oblique)).clock, 12);
  assert.equal(regionOf('R', at(0.14), at(0.14 * Math.SQRT2)).clock, 11, 'half past an hour is the next one, as in reports');
});
