import { describe, expect, test } from 'vitest';
import { formatCursor, parseCursor } from '../../src/protocol/cursor.js';
import { factTypes } from '../../src/protocol/fact.js';
import { readClientMessage, readFilter } from '../../src/protocol/messages.js';
import { sseComment, sseText } from '../../src/protocol/sse.js';
import { formatTopic, parseTopic } from '../../src/protocol/topic.js';
import { SseDecoder } from '../helpers/sse-decoder.js';

describe('SSE text', () => {
  test('has each line of data as a line of its own, whatever ends it', () => {
    expect(sseText({ event: 'x', data: 'a\nb\r\nc\rd' })).toBe(
      'event: x\ndata: a\ndata: b\ndata: c\ndata: d\n\n',
    );
    expect(sseText({ data: '' })).toBe('data: \n\n');
    expect(sseText({ retryMs: 12.6 })).toBe('retry: 13\n\n');
    expect(sseText({ retryMs: -1 })).toBe('retry: 0\n\n');
  });

  test.each(['a\nb', 'a\rb', '\r\n', 'a\0b'])(
    'refuses the field %j, which would end or spoil the event',
    (text) => {
      expect(() => sseText({ event: text })).toThrow(RangeError);
      expect(() => sseText({ id: text })).toThrow(RangeError);
      expect(() => sseComment(text)).toThrow(RangeError);
    },
  );

  test('cannot be left by data that looks like fields', () => {
    const data = '\n\nid: evil\nevent: evil\n\n';
    const events = new SseDecoder().push(Buffer.from(sseText({ event: 'good', id: '1', data })));
    expect(events).toEqual([{ event: 'good', id: '1', data }]);
  });
});

describe('a cursor', () => {
  test.each([0, 1, 35, 36, 1e6, Number.MAX_SAFE_INTEGER])('holds the place %d', (seq) => {
    for (const life of ['0', 'k3x9']) {
      const position = { epoch: 'abcd', life, seq };
      expect(parseCursor(formatCursor(position))).toEqual(position);
    }
  });

  test.each([
    '',
    '-',
    'abcd',
    'abcd-',
    'abcd-00',
    'abcd-01',
    'ABCD-1',
    'abcd-A',
    'abcd-1 ',
    'abc-1',
    'abcd-zzzzzzzzzzzz',
    'a b c d-1',
    '%00-1',
    'abcd-1.',
    'abcd-1.0',
    'abcd-1.k3.x9',
    'abcd-1.K3',
    'abcd.k3-1',
  ])('%j is none', (text) => expect(parseCursor(text)).toBeUndefined());
});

const job = `job_${'0'.repeat(24)}`;

describe('P-15 a topic', () => {
  test.each(['jobs', `job:${job}`, 'group:a.b:c-d_e', 'kind:bulk_fill'])('%s', (text) => {
    const topic = parseTopic(text);
    expect(topic === undefined ? undefined : formatTopic(topic)).toBe(text);
  });

  test.each([
    '',
    'job',
    'jobs:',
    'jobs:x',
    'job:',
    'job:x',
    `job:${job}0`,
    `job: ${job}`,
    'group:',
    'group:-a',
    'group:a b',
    `group:${'a'.repeat(129)}`,
    'kind:A',
    'kind:',
    'owner:alice',
    'JOBS',
    '*',
    'group:a\n',
  ])('%j is none', (text) => expect(parseTopic(text)).toBeUndefined());
});

describe('P-25 a message of a client', () => {
  const good: readonly (readonly [object, object])[] = [
    [{ type: 'ping' }, { type: 'ping' }],
    [
      { type: 'ping', n: 7, more: 'ignored' },
      { type: 'ping', n: 7 },
    ],
    [
      { type: 'unsubscribe', id: 's1' },
      { type: 'unsubscribe', id: 's1' },
    ],
    [
      { type: 'subscribe', id: 's1', topics: ['jobs'] },
      {
        type: 'subscribe',
        id: 's1',
        filter: { topics: [{ type: 'jobs' }], snapshot: true, progressMs: 100 },
      },
    ],
    [
      {
        type: 'subscribe',
        id: 'x'.repeat(64),
        topics: ['jobs'],
        after: 'anything',
        snapshot: false,
        progress_ms: 0,
      },
      {
        type: 'subscribe',
        id: 'x'.repeat(64),
        filter: { topics: [{ type: 'jobs' }], after: 'anything', snapshot: false, progressMs: 0 },
      },
    ],
    [
      {
        type: 'subscribe',
        id: 's',
        topics: ['jobs', 'kind:merge'],
        types: ['job.completed'],
        progress_ms: 60_000,
      },
      {
        type: 'subscribe',
        id: 's',
        filter: {
          topics: [{ type: 'jobs' }, { type: 'kind', kind: 'merge' }],
          snapshot: true,
          // P-16: no progress among the types, no progress.
          progressMs: 0,
          types: new Set(['job.completed']),
        },
      },
    ],
  ];
  test.each(good)('%j is understood', (message, value) => {
    expect(readClientMessage(JSON.stringify(message))).toEqual({ ok: true, value });
  });

  const subscribe = { type: 'subscribe', id: 's1', topics: ['jobs'] };
  const bad: readonly (readonly [string, unknown])[] = [
    ['', 'a text'],
    ['', null],
    ['', []],
    ['', 7],
    ['/type', {}],
    ['/type', { type: 'publish' }],
    ['/type', { type: ['ping'] }],
    ['/type', { type: '__proto__' }],
    ['/n', { type: 'ping', n: '7' }],
    ['/n', { type: 'ping', n: null }],
    ['/id', { type: 'unsubscribe' }],
    ['/id', { ...subscribe, id: '' }],
    ['/id', { ...subscribe, id: 7 }],
    ['/id', { ...subscribe, id: 'x'.repeat(65) }],
    ['/topics', { ...subscribe, topics: undefined }],
    ['/topics', { ...subscribe, topics: 'jobs' }],
    ['/topics', { ...subscribe, topics: [] }],
    ['/topics', { ...subscribe, topics: Array(101).fill('jobs') }],
    ['/topics/1', { ...subscribe, topics: ['jobs', 'job'] }],
    ['/topics/0', { ...subscribe, topics: [{ type: 'jobs' }] }],
    ['/after', { ...subscribe, after: 7 }],
    ['/after', { ...subscribe, after: null }],
    ['/snapshot', { ...subscribe, snapshot: 'false' }],
    ['/progress_ms', { ...subscribe, progress_ms: -1 }],
    ['/progress_ms', { ...subscribe, progress_ms: 60_001 }],
    ['/progress_ms', { ...subscribe, progress_ms: 1.5 }],
    ['/progress_ms', { ...subscribe, progress_ms: '100' }],
    ['/types', { ...subscribe, types: [] }],
    ['/types', { ...subscribe, types: 'job.completed' }],
    ['/types', { ...subscribe, types: ['job.finished'] }],
    ['/types', { ...subscribe, types: [['job.completed']] }],
  ];
  test.each(bad)('P-27 at %s: %j is refused', (pointer, message) => {
    expect(readClientMessage(JSON.stringify(message))).toMatchObject({ ok: false, pointer });
  });

  test.each(['', '{', 'ping', '{"type":"ping"}x', '\ufeff{}'])('P-27 %j is no JSON', (text) => {
    expect(readClientMessage(text)).toEqual({ ok: false, pointer: '', message: 'must be JSON' });
  });

  test('P-27 a refusal names the subscription when it has one', () => {
    expect(readClientMessage(JSON.stringify({ ...subscribe, topics: [] }))).toMatchObject({ id: 's1' });
  });

  test('P-16 every type of event can be asked for', () => {
    for (const type of [...factTypes, 'job.progress']) {
      expect(readFilter({ topics: ['jobs'], types: [type] }).ok).toBe(true);
    }
  });
});
