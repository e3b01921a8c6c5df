import { execFileSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePackage } from '../../../../src/render/kinds/bulk-fill/package/package-file.js';
import { type RunningServer, startServer } from '../../../helpers/server.js';
import { smallForm, textField, writePdf } from '../../../render/bulk-fill/small-forms.js';
import { without } from '../../../render/document-fixture.js';

interface Message {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const token = 'a-key-for-tests-that-is-long-enough';
const secret = 's3cret';
const form = writePdf(smallForm({ fields: [textField('name', '20 140 280 160')] }));

/** Real TLS between real processes: the operator's own authority is the one that Node is told of. */
describe.skipIf(without('openssl'))('a webhook of an export job over HTTPS', () => {
  let folder: string;
  let receiver: Server;
  let server: RunningServer;
  const received: Message[] = [];
  let onMessage = (): void => undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-https-'));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-keyout', key, '-out', certificate];
    execFileSync('openssl', ['req', '-x509', ...curve, ...files, '-days', '2', ...names], {
      stdio: 'ignore',
    });
    const identity = { key: await readFile(key), cert: await readFile(certificate) };
    receiver = createServer(identity, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ headers: request.headers, text: Buffer.concat(chunks).toString() });
        response.writeHead(204).end();
        onMessage();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, resolve));
    server = await startServer({
      env: {
        INKWIRE_KEYS: `alice=${token}`,
        INKWIRE_WORKERS: '1',
        INKWIRE_ALLOW_PRIVATE_FETCH: 'true',
        NODE_EXTRA_CA_CERTS: certificate,
      },
    });
  });
  afterAll(async () => {
    await server?.stop();
    receiver?.close();
    receiver?.closeAllConnections();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it('queued then webhook: the create tells no result, the signed message names one that can be fetched', async () => {
    const came = new Promise<void>((resolve) => {
      onMessage = resolve;
    });
    const pack = writePackage({
      pack: {
        format: 'inkwire-package',
        version: 1,
        source: { sha256: createHash('sha256').update(form).digest('hex'), page_count: 1 },
        overlays: [],
        fields: [{ name: 'name', value: { column: 'column_0' } }],
      },
      files: new Map(),
    });
    const parts = new FormData();
    parts.append('pdf', new Blob([Uint8Array.from(form)]), 'form.pdf');
    parts.append('doqlo_file', new Blob([Uint8Array.from(pack)]), 'form.doqlo');
    parts.append('csv_file', new Blob(['Ada\nŁukasz\n']), 'rows.csv');
    parts.append('max_failed_row_percent', '0');
    parts.append('delivery_mode', 'webhook');
    parts.append('webhook_url', `https://localhost:${(receiver.address() as AddressInfo).port}/done?for=ada`);
    parts.append('webhook_secret', secret);
    const authorization = `Bearer ${token}`;
    const answer = await fetch(`${server.url}/v1/bulkfill/export-jobs`, {
      method: 'POST',
      headers: { authorization, 'idempotency-key': 'https-1' },
      body: parts,
    });
    expect(answer.status, await answer.clone().text()).toBe(202);
    const queued: object & { readonly job_id?: string; readonly status?: string } = JSON.parse(
      await answer.text(),
    );
    expect(['queued', 'processing']).toContain(queued.status);
    expect(queued).not.toHaveProperty('result');
    await came;
    const [message] = received;
    if (message === undefined) throw new Error('Nothing came');
    const { headers, text } = message;
    const signed = createHmac('sha256', secret).update(`${headers['x-doqlo-timestamp']}.${text}`);
    expect(headers['x-doqlo-signature']).toBe(`v1=${signed.digest('hex')}`);
    expect(headers['user-agent']).toBe('Doqlo-Webhook/1.0');
    const told = JSON.parse(text);
    expect(told).toMatchObject({
      event: 'bulkfill.export_job.completed',
      job_id: queued.job_id,
      status: 'completed',
      idempotency_key: 'https-1',
    });
    expect(headers['x-doqlo-event']).toBe('bulkfill.export_job.completed');
    const zip = await fetch(told.download_url, { headers: { authorization } });
    expect(zip.status).toBe(200);
    const bytes = Buffer.from(await zip.arrayBuffer());
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004');
    expect(bytes.includes('row_2.pdf')).toBe(true);
    const polled = await fetch(`${server.url}/v1/bulkfill/export-jobs/${told.job_id}`, {
      headers: { authorization },
    });
    const { download_url, download_expires_at } = told;
    expect(JSON.parse(await polled.text()).result).toEqual({ download_url, download_expires_at });
  });
});
