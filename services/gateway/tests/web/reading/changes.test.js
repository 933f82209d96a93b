import assert from 'node:assert/strict';
import { test } from 'node:test';

import { translator, useWords } from '#web/core/words.js';
import { trendOfMarks } from '#web/reading/changes.js';
import { numberOf } from '#web/reading/numbering.js';
import { curveOf, hasGrown, trendWords } from '#web/reading/trend.js';

useWords(translator({ 'reading.trend.size': '{mm} mm', 'reading.trend.size.detector': '{mm} mm on the detector', 'reading.trend.since': '{change} mm since {day}', 'reading.trend.unmarked': 'no mark on {day}' }, 'en'));

/** A film with findings at [x, y, side] in pixels. */
function film(findings, { prior = false, spacing = 0.1, tip = { x: 1000, y: 500 }, day = '2026-03-01', side = 'R' } = {}) {
  const found = findings.map(([x, y, size, probability = 0.5]) => ({ probability, box: { x: x - size / 2, y: y - size / 2, width: size, height: size / 2 } }));
  const image = { pixel_spacing_mm: spacing && [spacing, spacing], spacing_plane: 'detector', width: 2000, height: 1000 };
  return { film: true, prior, view: prior ? null : `${side}CC`, entry: { laterality: side, view: 'CC', examination: day }, result: { image, thresholds: { finding: 0.2 }, findings: found, breast: tip && { tips: [[tip.x, tip.y], [tip.x, tip.y]] } } };
}


/** The trend of a finding of the first film. */
const trend = (images, index = 0) => trendOfMarks(images, [{ image: images[0], index }]);
/** Its sizes, rounded. */
const sizes = (found) => found?.map(({ mm }) => mm && Math.round(mm));

test('the nearest marks of all earlier films say how a finding has grown, in mm of each film', () => {
  const now = film([[500, 500, 200], [100, 100, 100, 0.1]]);
  const before = film([[1000, 875, 220], [900, 1250, 100]], { prior: true, spacing: 0.05, tip: { x: 2000, y: 750 }, day: '2024-03-01' });
  const older = film([[500, 500, 80]], { prior: true, day: '2022-03-01' });
  const found = trend([now, before, older]);
  assert.deepEqual(sizes(found), [8, 11, 20]);
  assert.deepEqual(found.map(({ day }) => day), ['2022-03-01', '2024-03-01', '2026-03-01']);
});

test('a place without a mark then is said, and what cannot be compared is left out', () => {
  assert.deepEqual(sizes(trend([film([[500, 500, 200]]), film([[500, 900, 200]], { prior: true, day: '2024-03-01' })])), [null, 20]);
  for (const options of [{ spacing: null }, { tip: null }, { side: 'L' }]) assert.equal(trend([film([[500, 500, 200]]), film([[500, 500, 200]], { prior: true, ...options })]), null);
  assert.equal(trend([film([[500, 500, 200]])]), null);
});

test('a second mass near an old one has no mark then, and neither a weak mark nor another plane is compared with', () => {
  const old = [500, 500, 160];
  const both = [film([[620, 500, 160], old]), film([old], { prior: true })];
  assert.deepEqual([0, 1].map((index) => sizes(trend(both, index))), [[null, 16], [16, 16]]);
  assert.deepEqual(sizes(trend([film([old]), film([[500, 500, 160, 0.01]], { prior: true })])), [null, 16]);
  const [now, before] = [film([old]), film([old], { prior: true })];
  now.result.image.spacing_plane = 'patient';
  assert.equal(trend([now, before]), null);
  for (const each of [now, before]) each.result.image.spacing_plane = null;
  assert.equal(trend([now, before]), null, 'a plane that is not known may be another one on each film');
});

test('a mark on an earlier film of another case has the number of the lesion at its place', () => {
  const named = (image, jobId) => ({ ...image, id: jobId, jobId, result: { ...image.result, findings: image.result.findings.map((finding, index) => ({ id: `f${index + 1}`, ...finding })) } });
  const [now, before] = [named(film([[500, 500, 160], [100, 100, 100]]), 'now'), named(film([[900, 900, 90], [510, 500, 150]], { prior: true }), 'before')];
  const lesion = (id, suspicion) => ({ marks: [{ job_id: 'now', finding_id: id }], probability_malignant: suspicion });
  const numbers = (earlier) => {
    const state = { images: [now, before], earlier, together: { breasts: [{ lesions: [lesion('f1', 0.1), lesion('f2', 0.9)] }] } };
    return [0, 1].map((index) => numberOf(state, { imageId: 'before', jobId: 'before', findingId: `f${index + 1}`, index }));
  };
  assert.deepEqual(numbers([{ id: 'before' }]), [null, 2]);
  assert.deepEqual(numbers([]), [null, null], 'the joint reading has compared the films of this case');
});

test('what the joint reading found stands, whatever is nearest', () => {
  const now = film([[500, 500, 180]]);
  const [latest, first] = ['2024-03-01', '2022-03-01'].map((day) => ({ ...film([[500, 500, 160]], { prior: true, day }), jobId: day }));
  const told = (change) => trendOfMarks([now, latest, first], [{ image: now, index: 0 }], { growth: null, growth_mm: null, prior: null, ...change });
  const grown = { change: 'grown', earlier: '2022-03-01', before_mm: 10, now_mm: 18 };
  assert.deepEqual(sizes(told(grown)), [10, 18], 'nothing by place');
  assert.deepEqual(sizes(told({ ...grown, sizes: [{ job_id: '2024-03-01', mm: 14 }, { job_id: '2022-03-01', mm: 10 }] })), [10, 14, 18]);
  assert.deepEqual(sizes(told({ change: 'new', earlier: '2024-03-01', sizes: [{ job_id: '2024-03-01', mm: null }] })), [null, 18]);
  assert.equal(told({ change: 'stable', earlier: '2024-03-01', growth: 0.1 }), null, 'in millimetres nothing is compared');
  assert.equal(told({ change: 'not_comparable', earlier: '2024-03-01' }), null);
  assert.deepEqual(sizes(told({ change: 'stable' })), [16, 16, 18], 'an older reading names no film');
});

test('a lesion of two views has the trend of the mark that was found on most days', () => {
  const [cc, mlo] = [film([[500, 500, 200]]), film([[500, 500, 180]])];
  for (const one of [mlo]) [one.view, one.entry.view] = ['RMLO', 'MLO'];
  const before = film([[500, 500, 120]], { prior: true, day: '2024-03-01' });
  before.entry.view = 'MLO';
  const blank = film([], { prior: true, day: '2024-03-01' });
  assert.deepEqual(sizes(trendOfMarks([cc, mlo, before, blank], [{ image: cc, index: 0 }, { image: mlo, index: 0 }])), [12, 18]);
});

test('the curve has its days across and its millimetres up', () => {
  const points = curveOf([{ day: '2022-01-01', mm: 6 }, { day: '2024-01-01', mm: null }, { day: '2024-01-01', mm: 6 }, { day: '2026-01-01', mm: 12 }]);
  assert.deepEqual(points.map(([x, y]) => [Math.round(x), Math.round(y)]), [[3, 9], [32, 9], [61, 3]]);
});

test('a trend is said by its sizes and the growth since the last examination', () => {
  const said = (...sizes) => trendWords(sizes.map((mm, index) => ({ day: `${2022 + 2 * index}-03-01`, mm }))).join('; ');
  assert.equal(said(8.4, 11.6, 18.2), '8 → 12 → 18 mm; +6 mm since 1 Mar 2024');
  assert.equal(said(12, 10), '12 → 10 mm; −2 mm since 1 Mar 2022');
  assert.equal(said(8, 8.2), '8 → 8 mm; ±0 mm since 1 Mar 2022');
  assert.equal(said(8, null, 9), '8 → – → 9 mm; no mark on 1 Mar 2024');
  const since = [10, 16, 18].map((mm, index) => ({ day: `${2022 + 2 * index}-03-01`, mm }));
  assert.equal(trendWords(since, false, '2022-03-01')[1], '+8 mm since 1 Mar 2022', 'that the joint reading compared with');
  assert.equal(trendWords([{ day: '2024-03-01', mm: 8 }, { day: '2026-03-01', mm: 9 }], true)[0], '8 → 9 mm on the detector');
});

test('growth counts from a fifth and 2 mm on, as in the joint reading', () => {
  const sized = (before, now) => hasGrown([{ day: '2024-01-15', mm: before }, { day: '2026-02-10', mm: now }], '2024-01-15');
  assert.deepEqual([sized(13.4, 14.2), sized(8, 9.9), sized(20, 23.9)], [false, false, false]);
  assert.deepEqual([sized(8, 10), sized(20, 24), sized(null, 12)], [true, true, false]);
});

test('calcifications are not compared with masses', () => {
  const [now, before] = [film([[500, 500, 200]]), film([[500, 500, 160]], { prior: true })];
  now.result.findings[0].label = 'calcification';
  assert.deepEqual(sizes(trend([now, before])), [null, 20]);
  before.result.findings[0].label = 'calcification';
  assert.deepEqual(sizes(trend([now, before])), [16, 20]);
});
