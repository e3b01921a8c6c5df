import type { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import * as ws from 'ws';
import {
  catchUpFrame,
  factFrame,
  heartbeatBytes,
  progressFrame,
  textFrame,
} from '../../src/gateway/frame.js';
import { progressText } from '../../src/protocol/event.js';
import { aFact } from '../helpers/a-fact.js';

const log = { epoch: 'epoch1', lives: [{ life: 'life1', first: 1 }] };

/** What the library makes of our bytes. */
async function heard(bytes: Buffer): Promise<{ text: string; isBinary: boolean }> {
  // The types of the library leave out this class, which it exports.
  const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };
  const receiver = new Receiver({ isServer: false });
  return new Promise((resolve, reject) => {
    receiver.on('message', (data: Buffer, isBinary: boolean) => resolve({ text: String(data), isBinary }));
    receiver.on('error', reject);
    receiver.write(bytes);
  });
}

describe('a text frame (RFC 6455, 5.2)', () => {
  test.each([
    [0, [0x81, 0]],
    [1, [0x81, 1]],
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [65_535, [0x81, 126, 0xff, 0xff]],
    [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])('of %i bytes has the shortest header', (length, header) => {
    const frame = textFrame('x'.repeat(length));
    expect([...frame.subarray(0, header.length)]).toEqual(header);
    expect(frame.length).toBe(header.length + length);
  });

  test.each([0, 1, 125, 126, 65_535, 65_536])(
    'of %i bytes is read by another implementation',
    async (length) => {
      const text = 'x'.repeat(length);
      expect(await heard(textFrame(text))).toEqual({ text, isBinary: false });
    },
  );

  test('counts bytes, not characters', async () => {
    const text = 'ä€😀'.repeat(20);
    const frame = textFrame(text);
    expect(frame.length).toBe(4 + Buffer.byteLength(text));
    expect((await heard(frame)).text).toBe(text);
  });
});

describe('a fact', () => {
  const fact = aFact(56, { type: 'job.completed' });

  test('P-2 is the same event on both wires, with its cursor', () => {
    const frame = factFrame(log, fact);
    const ws = JSON.parse(frame.bytes('ws').subarray(4).toString());
    const lines = frame.bytes('sse').toString().split('\n');
    expect(ws).toMatchObject({ type: 'event', event: { id: 'epoch1-1k.life1', type: 'job.completed' } });
    expect(ws).not.toHaveProperty('id');
    expect(ws.event.job).toEqual(JSON.parse(fact.record));
    expect(lines.slice(0, 2)).toEqual(['event: job.completed', 'id: epoch1-1k.life1']);
    expect(JSON.parse(lines[2]?.replace('data: ', '') ?? '')).toEqual(ws.event);
    expect(lines.slice(3)).toEqual(['', '']);
  });

  test('is made once for each wire and shared', () => {
    const frame = factFrame(log, fact);
    expect(frame.bytes('ws')).toBe(frame.bytes('ws'));
    expect(frame.bytes('sse')).toBe(frame.bytes('sse'));
  });

  test('P-26 of the past names its subscription, whatever that is called', () => {
    const message = JSON.parse(catchUpFrame(log, fact, '"}\n').subarray(4).toString());
    expect(message).toMatchObject({ type: 'event', id: '"}\n', event: { id: 'epoch1-1k.life1' } });
  });

  test('P-2 of a group carries the group', () => {
    const record = '{"group":"g","jobs":1}';
    const text = factFrame(log, aFact(1, { type: 'group.completed', jobId: '', record })).bytes('sse');
    expect(text.toString()).toContain('"group":{"group":"g","jobs":1}');
  });
});

test('P-3 P-31 progress has no id on either wire', () => {
  const frame = progressFrame(() => progressText(0, '{"progress":5}'));
  expect(frame.bytes('sse').toString()).toBe(
    'event: job.progress\ndata: {"type":"job.progress","at":"1970-01-01T00:00:00.000Z","job":{"progress":5}}\n\n',
  );
  expect(JSON.parse(frame.bytes('ws').subarray(2).toString())).toEqual({
    type: 'progress',
    progress: { type: 'job.progress', at: '1970-01-01T00:00:00.000Z', job: { progress: 5 } },
  });
});

test('P-14 P-31 a heartbeat carries the cursor, as `id` too where a browser keeps it', () => {
  const position = { epoch: 'epoch1', life: 'life1', seq: 36 };
  expect(heartbeatBytes('sse', position, 3).toString()).toBe(
    'event: heartbeat\nid: epoch1-10.life1\ndata: {"cursor":"epoch1-10.life1","withheld":3}\n\n',
  );
  expect(JSON.parse(heartbeatBytes('ws', position, 3).subarray(2).toString())).toEqual({
    type: 'heartbeat',
    cursor: 'epoch1-10.life1',
    withheld: 3,
  });
});
