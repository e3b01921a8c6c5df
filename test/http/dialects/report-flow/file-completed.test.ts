import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type AppServer, alice, startAppServer } from '../../../helpers/app-server.js';
import { startReceiver, type WebhookReceiver } from '../../../helpers/webhook-receiver.js';

/** From the post of a client to a receiver that verifies with the public package of Standard Webhooks. */

let server: AppServer;
let receiver: WebhookReceiver;
beforeAll(async () => {
  server = await startAppServer({ INKWIRE_ALLOW_PRIVATE_FETCH: 'true' });
  receiver = await startReceiver();
  const made = await fetch(`${server.url}/api/v1/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${alice}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: `${receiver.url}/done`, profile: 'report-flow' }),
  });
  const { data } = (await made.json()) as { data: { secret: string } };
  receiver.secrets.set('/done', data.secret);
}, 60_000);
afterAll(async () => {
  await server.close();
  await receiver.close();
});

const post = (path: string, body: object): Promise<Response> =>
  fetch(`${server.url}/v1/file/${path}`, {
    method: 'POST',
    headers: { appkey: alice, 'content-type': 'application/json' },
    body: JSON.stringify({ designId: 'invoice', ...body }),
  });

const toldOf = (requestId: string | null) =>
  receiver.taken.filter((message) => Reflect.get(message, 'requestId') === requestId);

/** The one message about a request; another one would have come before that of a later request. */
async function messageOf(requestId: string | null): Promise<object> {
  const [message] = await vi.waitFor(
    () => {
      const told = toldOf(requestId);
      expect(told.length).toBeGreaterThan(0);
      return told;
    },
    { timeout: 60_000 },
  );
  if (message === undefined) throw new Error('No message');
  return message;
}

describe('file.completed', { timeout: 120_000 }, () => {
  test('comes once for a synchronous post, with what the client gave along', async () => {
    const passthrough = { order: 'A-1', amount: 12.5 };
    const content = { fileName: 'Rechnung 7', shareType: '03', params: { number: '7' }, passthrough };
    const answer = await post('sync/single', { version: 1, content });
    expect(answer.status).toBe(201);
    await answer.arrayBuffer();
    const requestId = answer.headers.get('request-id');
    const mapping = JSON.parse(decodeURIComponent(answer.headers.get('x-file-mapping') ?? '[]'));
    const message = await messageOf(requestId);
    const [{ fileId }] = mapping;
    expect(message).toMatchObject({
      event: 'file.completed',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      workspaceId: 'alice',
      requestId,
      designId: 'invoice',
      version: 1,
      files: [
        {
          fileId,
          fileName: 'Rechnung 7.pdf',
          passthrough,
          share: {
            shareType: 'public',
            passcodeEnabled: false,
            url: expect.stringContaining(`/share/${requestId}/${fileId}`),
          },
        },
      ],
    });
  });

  test('comes once for all files of an asynchronous post, in their order; then they can be had', async () => {
    const contents = Array.from({ length: 12 }, (_, n) => ({ fileName: `file ${n}`, params: {} }));
    const answer = await post('async/multiple', { contents });
    const { requestId, files } = (await answer.json()) as { requestId: string; files: { fileId: string }[] };
    const message = (await messageOf(requestId)) as { files: { fileId: string; fileName: string }[] };
    expect(message.files.map(({ fileId }) => fileId)).toEqual(files.map(({ fileId }) => fileId));
    expect(message.files.map(({ fileName }) => fileName)).toEqual(
      contents.map(({ fileName }) => `${fileName}.pdf`),
    );
    const zip = await fetch(`${server.url}/v1/file/download/${requestId}`, { headers: { appkey: alice } });
    expect(zip.status).toBe(200);
    await zip.arrayBuffer();
  });

  test('is sent again to a receiver that was away, and is the same message', async () => {
    const ids: string[] = [];
    receiver.answer = (_path, _count, id) => (ids.push(id) < 2 ? 503 : undefined);
    const answer = await post('sync/single', { content: { fileName: 'again', params: {} } });
    await answer.arrayBuffer();
    expect(await messageOf(answer.headers.get('request-id'))).toMatchObject({ event: 'file.completed' });
    expect(new Set(ids).size).toBe(1);
    receiver.answer = () => undefined;
  });

  test('is not told of jobs of the native API, and of no request twice', async () => {
    await fetch(`${server.url}/api/v1/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${alice}`, 'content-type': 'application/json' },
      body: JSON.stringify({ group: 'mine', operations: [{ type: 'add_text', text: 'x' }] }),
    });
    const last = await post('sync/single', { content: { fileName: 'last', params: {} } });
    await last.arrayBuffer();
    await messageOf(last.headers.get('request-id'));
    const requests = receiver.taken.map((message) => Reflect.get(message, 'requestId'));
    expect(requests).toHaveLength(4);
    expect(new Set(requests).size).toBe(4);
    expect(receiver.refused).toEqual([]);
  });
});
