import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runWebhooks } from '../../src/cli/webhooks.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { startReceiver, type WebhookReceiver } from '../helpers/webhook-receiver.js';
import { shell } from './shell-fixture.js';

describe('inkwire webhooks', () => {
  let server: AppServer;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_ALLOW_PRIVATE_FETCH: 'true' });
    receiver = await startReceiver();
  });
  afterAll(async () => {
    await server.close();
    await receiver.close();
  });

  const run = async (...args: string[]) => {
    const it = shell(args, { INKWIRE_URL: server.url, INKWIRE_KEY: alice });
    const code = await runWebhooks(it);
    return { code, lines: it.out.lines, said: it.err.text };
  };

  it('makes, lists, tests, replays, rotates, turns off and removes them', async () => {
    const added = await run('add', `${receiver.url}/cli`, '--event', 'job.failed', '--event', 'webhook.test');
    expect(added.code).toBe(0);
    const [id = '', secret = ''] = added.lines[0]?.split('\t') ?? [];
    receiver.secrets.set('/cli', secret);
    const listed = await run('list');
    expect(listed.lines).toEqual([`${id}\tactive\t${receiver.url}/cli\t\tjob.failed webhook.test`]);
    expect(await run('test', id)).toMatchObject({ code: 0, lines: ['delivered\t204'] });
    receiver.answer = () => 500;
    expect(await run('test', id)).toMatchObject({ code: 1, lines: ['failed\t500'] });
    receiver.answer = () => undefined;
    const [, first] = (await run('deliveries', id)).lines;
    const [message = '', status, type] = first?.split('\t') ?? [];
    expect([status, type]).toEqual(['delivered', 'webhook.test']);
    expect((await run('deliveries', id, '--show', message)).lines.join('\n')).toContain(
      '"type":"webhook.test"',
    );
    expect(await run('replay', id, message)).toMatchObject({ code: 0, lines: [`${message}\twaiting`] });
    await expect.poll(() => receiver.taken.length, { interval: 20 }).toBe(2);
    expect(receiver.taken[1]?.id).toBe(receiver.taken[0]?.id);
    expect((await run('replay', id, '--since', '2026-01-01T00:00:00Z')).code).toBe(0);
    const rotated = await run('rotate', id, '--overlap', '0', '--json');
    expect(JSON.parse(rotated.lines[0] ?? '').secret).toMatch(/^whsec_/);
    expect((await run('off', id)).lines).toEqual([`${id}\tpaused`]);
    expect((await run('on', id)).lines).toEqual([`${id}\tactive`]);
    expect(await run('remove', id)).toMatchObject({ code: 0 });
    expect((await run('list')).lines).toEqual([]);
    expect((await run('test', id)).code).toBe(4);
    expect(receiver.refused).toEqual([]);
  });

  it('says what it does not understand', async () => {
    for (const args of [
      [],
      ['ad'],
      ['add'],
      ['test'],
      ['replay', 'wh_1'],
      ['replay', 'wh_1', 'msg_1', '--since', 'x'],
    ]) {
      expect([args, (await run(...args)).code]).toEqual([args, 2]);
    }
    const help = await run('--help');
    expect([help.code, help.lines[0]]).toEqual([0, 'Usage:']);
    const refused = await run('add', 'ftp://example.org');
    expect(refused.code).toBe(4);
    expect(refused.said).toMatch(/^\/url [^\n]+\n$/);
  });
});
