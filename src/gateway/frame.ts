import type { Fact } from '../engine/engine.js';
import { type LogName, positionAt } from '../engine/lives.js';
import { formatCursor, type Position } from '../protocol/cursor.js';
import { eventText } from '../protocol/event.js';
import { sseComment, sseText } from '../protocol/sse.js';

/** The wire forms that bytes are made in. */
export type Wire = 'ws' | 'sse';

/** A message whose bytes are made once for each wire, when first needed, and shared by all subscribers that get it. */
export class Frame {
  readonly #make: Readonly<Record<Wire, () => Buffer>>;
  readonly #made: Partial<Record<Wire, Buffer>> = {};

  constructor(make: Readonly<Record<Wire, () => Buffer>>) {
    this.#make = make;
  }

  bytes(wire: Wire): Buffer {
    let bytes = this.#made[wire];
    if (bytes === undefined) {
      bytes = this.#make[wire]();
      this.#made[wire] = bytes;
    }
    return bytes;
  }
}

const eventOpening = '{"type":"event",';

/** A fact, as every live subscriber gets it (P-2, P-25, P-31). */
export function factFrame(log: LogName, fact: Fact): Frame {
  const id = formatCursor(positionAt(log, fact.seq));
  const text = (): string => eventText(id, fact.type, fact.at, fact.record);
  return new Frame({
    ws: () => textFrame(`${eventOpening}"event":${text()}}`),
    sse: () => Buffer.from(sseText({ event: fact.type, id, data: text() })),
  });
}

/** A fact that one subscription gets from the log (P-26). */
export function catchUpFrame(log: LogName, fact: Fact, subscription: string): Buffer {
  return framesForOne([factFrame(log, fact).bytes('ws')], subscription);
}

/**
 * The live frames of facts with the id of a subscription put in, as one piece. It copies the bytes, each once: a thousand
 * subscribers that reconnect together would otherwise make the server build the same text a thousand times.
 */
export function framesForOne(lives: readonly Buffer[], subscription: string): Buffer {
  const opening = Buffer.from(`${eventOpening}"id":${JSON.stringify(subscription)},`);
  const lengthOf = (live: Buffer): number => opening.length + live.length - restOf(live);
  let total = 0;
  for (const live of lives) total += headerLengthFor(lengthOf(live)) + lengthOf(live);
  const joined = Buffer.allocUnsafe(total);
  let at = 0;
  for (const live of lives) {
    at = writeHeader(joined, at, lengthOf(live));
    at += opening.copy(joined, at);
    at += live.copy(joined, at, restOf(live));
  }
  return joined;
}

/** Where the text of a live frame goes on behind its opening. */
function restOf(live: Buffer): number {
  return headerLength(live) + eventOpening.length;
}

/** @param text gives the value as JSON (P-3) */
export function progressFrame(text: () => string): Frame {
  return new Frame({
    ws: () => textFrame(`{"type":"progress","progress":${text()}}`),
    sse: () => Buffer.from(sseText({ event: 'job.progress', data: text() })),
  });
}

export function heartbeatBytes(wire: Wire, position: Position, withheld: number): Buffer {
  const cursor = formatCursor(position);
  const data = { cursor, withheld };
  if (wire === 'ws') return textFrame(JSON.stringify({ type: 'heartbeat', ...data }));
  return Buffer.from(sseText({ event: 'heartbeat', id: cursor, data: JSON.stringify(data) }));
}

/** Keeps an event stream open where no cursor may be sent. */
export const quietBytes: Buffer = Buffer.from(sseComment('wait'));

const textOpcode = 0x81;

/** A whole, unmasked text message of a WebSocket (RFC 6455, 5.2). */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerLengthFor(length) + length);
  frame.write(text, writeHeader(frame, 0, length));
  return frame;
}

function headerLengthFor(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** Returns where the payload begins. */
function writeHeader(bytes: Buffer, at: number, length: number): number {
  const header = headerLengthFor(length);
  bytes[at] = textOpcode;
  if (header === 2) bytes[at + 1] = length;
  else if (header === 4) {
    bytes[at + 1] = 126;
    bytes.writeUInt16BE(length, at + 2);
  } else {
    bytes[at + 1] = 127;
    bytes.writeBigUInt64BE(BigInt(length), at + 2);
  }
  return at + header;
}

function headerLength(frame: Buffer): number {
  const short = frame[1];
  return short === 126 ? 4 : short === 127 ? 10 : 2;
}
