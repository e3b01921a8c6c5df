import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { admit, type Check } from '../../src/http/admission/admission.js';
import { problem } from '../../src/protocol/problem.js';

/** A server whose checks, and whose turns, the test carries out. */
function open() {
  const app = fastify();
  const done: string[] = [];
  const waiting: { owner: string; step: () => void }[] = [];
  app.decorate('writeRefusal', ({ detail }) => ({ status: 503, headers: {}, body: detail }));
  const identify: Check = (request) => {
    done.push('identified');
    const owner = request.headers.authorization;
    if (owner !== undefined) request.caller = { owner, keyId: '', scopes: ['*'] };
    return undefined;
  };
  const refuse: Check = ({ headers }) => {
    done.push('checked');
    return headers.refuse === undefined ? undefined : problem('queue-full', 'no room');
  };
  admit(app, {
    addressOf: () => '',
    identifying: [identify],
    inTurn: [refuse],
    turns: { run: (owner, step) => waiting.push({ owner, step }) },
  });
  app.get('/', async () => 'made');
  const ask = (headers: Record<string, string>) => app.inject({ url: '/', headers }).then(({ body }) => body);
  return { app, ask, done, waiting };
}

test('a request is checked, and refused, in a turn of its owner', async () => {
  const { app, ask, done, waiting } = open();
  await app.ready();
  const refused = ask({ authorization: 'flood', refuse: 'yes' });
  const made = ask({ authorization: 'quiet' });
  await expect.poll(() => waiting.length).toBe(2);
  expect(done).toEqual(['identified', 'identified']);
  expect(waiting.map(({ owner }) => owner)).toEqual(['flood', 'quiet']);
  waiting[1]?.step();
  expect(await made).toBe('made');
  expect(done).toEqual(['identified', 'identified', 'checked']);
  waiting[0]?.step();
  expect(await refused).toBe('no room');
});

test('a request of nobody waits for no turn', async () => {
  const { ask, waiting } = open();
  expect(await ask({})).toBe('made');
  expect(await ask({ refuse: 'yes' })).toBe('no room');
  expect(waiting).toEqual([]);
});
