import { removeDirectory, startServer, temporaryDirectory, token } from '../../kit/server.mjs';
import { columns, makeForm, row } from '../form.mjs';
import { watchMemory } from '../job.mjs';

/**
 * `rows_json` of 40 MB in the Doqlo API: what the server holds more than for a few rows, from the request to the end of the
 * job.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const megabytes = short ? 8 : 40;
  const directory = temporaryDirectory('bulk-rows-json');
  const server = await startServer({
    directory,
    env: { INKWIRE_WORKERS: '2' },
    profile: profile('rows-json'),
  });
  try {
    const form = await makeForm();
    const pack = await makePackage(server.port, form);
    const rows = 10_000;
    const padding = Math.floor((megabytes * 1e6) / rows) - 500;
    const peakOf = async (
      /** @type {number} */ count,
      /** @type {number} */ more,
      /** @type {string} */ key,
    ) => {
      const json = JSON.stringify(
        Array.from({ length: count }, (_, i) => ({
          ...Object.fromEntries(row(i).map((value, at) => [`column_${at}`, value])),
          column_12: 'x'.repeat(more),
        })),
      );
      const memory = watchMemory(server.pid);
      await create(server.port, { form, pack, json, key });
      const peak = memory.stop();
      say(`${(json.length / 1e6).toFixed(1)} MB of rows: ${peak.toFixed(0)} MiB`);
      return peak;
    };
    // Threads that have seen jobs of as many rows, of which each is small.
    for (const key of ['a', 'b']) await peakOf(rows, 0, key);
    const least = await peakOf(rows, 0, 'c');
    const most = await peakOf(rows, padding, 'd');
    return [
      { name: `${megabytes} MB of rows_json`, value: most - least, unit: 'MiB more', atMost: megabytes },
    ];
  } finally {
    await server.stop();
    removeDirectory(directory);
  }
}

/**
 * @param {number} port
 * @param {Uint8Array} form
 */
async function makePackage(port, form) {
  const parts = new FormData();
  parts.append('pdf', new Blob([Uint8Array.from(form)]), 'form.pdf');
  const fields = columns.map((name, at) => ({ name, value: { column: `column_${at}` } }));
  parts.append('package', new Blob([JSON.stringify({ fields })], { type: 'application/json' }));
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/packages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: parts,
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return new Uint8Array(await answer.arrayBuffer());
}

/**
 * @param {number} port
 * @param {{ form: Uint8Array, pack: Uint8Array, json: string, key: string }} sent
 */
async function create(port, { form, pack, json, key }) {
  const parts = new FormData();
  parts.append('pdf', new Blob([Uint8Array.from(form)]), 'form.pdf');
  parts.append('doqlo_file', new Blob([Uint8Array.from(pack)]), 'form.doqlo');
  parts.append('rows_json', new Blob([json], { type: 'application/json' }), 'rows.json');
  parts.append('max_failed_row_percent', '0');
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key };
  const base = `http://127.0.0.1:${port}/v1/bulkfill/export-jobs`;
  const answer = await fetch(base, { method: 'POST', headers, body: parts });
  let job = /** @type {any} */ (await answer.json());
  if (answer.status !== 200 && answer.status !== 202) throw new Error(JSON.stringify(job));
  while (job.status !== 'completed') {
    if (job.status === 'failed') throw new Error(JSON.stringify(job));
    await new Promise((resolve) => setTimeout(resolve, 200));
    job = await (await fetch(`${base}/${job.job_id}`, { headers })).json();
  }
}
