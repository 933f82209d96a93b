// A program on the types that openapi-typescript generates: log in, upload, wait, read the report; errors included.
//
//     node --experimental-strip-types walk.ts SERVER USERNAME PASSWORD FIELD
import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import createClient from 'openapi-fetch';
import type { components, paths } from '#api';

type Problem = components['schemas']['Problem'];
type Progress = components['schemas']['Progress'];

const [server, username, password, field] = process.argv.slice(2) as [string, string, string, string];
const open = createClient<paths>({ baseUrl: server });

const refused = await open.POST('/api/v1/auth/token', {
  body: { grant_type: 'password', username, password: 'a wrong password' },
});
assert.equal(refused.error?.code satisfies Problem['code'] | undefined, 'wrong_credentials');

const pair = await open.POST('/api/v1/auth/token', { body: { grant_type: 'password', username, password } });
assert(pair.data);
const api = createClient<paths>({ baseUrl: server, headers: { Authorization: `Bearer ${pair.data.access_token}` } });

const created = await api.POST('/api/v1/cases', { body: { pseudonym: 'generated-typescript' } });
assert(created.data);
const caseId: string = created.data.id;

const upload = (content: Uint8Array<ArrayBuffer>, name: string) =>
  api.POST('/api/v1/images', {
    body: { modality: 'histopathology', case_id: caseId, file: '' },
    bodySerializer: ({ modality, case_id }) => {
      const form = new FormData();
      form.set('modality', modality);
      form.set('case_id', case_id ?? '');
      form.set('file', new Blob([content]), name);
      return form;
    },
  });

const text = await upload(new TextEncoder().encode('no image at all'), 'text.png');
assert.equal(text.error?.code, 'unsupported_format');
const missing = await api.GET('/api/v1/jobs/{job_id}', { params: { path: { job_id: 'no-such-job' } } });
assert.equal(missing.error?.code, 'not_found');

const accepted = await upload(new Uint8Array(await readFile(field)), basename(field));
assert(accepted.data);
const path = { job_id: accepted.data.job.id };

const follow = async (): Promise<Progress> => {
  for (;;) {
    const { data } = await api.GET('/api/v1/jobs/{job_id}/progress', { params: { path } });
    assert(data);
    if (!data.poll_after_ms) return data;
    await new Promise((resolve) => setTimeout(resolve, data.poll_after_ms ?? 0));
  }
};
assert.equal((await follow()).state, 'done');

const result = await api.GET('/api/v1/jobs/{job_id}/result', { params: { path } });
assert(result.data && result.data.probability_malignant >= 0 && result.data.probability_malignant <= 1);
const report = await api.GET('/api/v1/jobs/{job_id}/report', {
  params: { path, query: { format: 'html' } },
  parseAs: 'text',
});
assert.match(report.data ?? '', /<html/);
const jobs = await api.GET('/api/v1/jobs', { params: { query: { case_id: caseId } } });
assert.deepEqual(jobs.data?.items.map(({ id }) => id), [path.job_id]);
const cases = await api.GET('/api/v1/cases', { params: { query: { q: 'generated-typescript' } } });
console.log(cases.data?.items[0]?.assessment);
