import type { ServerMessage } from '../protocol/messages.js';
import { sseText } from '../protocol/sse.js';
import { textFrame, type Wire } from './frame.js';

/** A message of the server that is not an event, as bytes: a JSON message, or an SSE event of the same name. */
export function controlBytes(wire: Wire, message: ServerMessage): Buffer {
  if (wire === 'ws') return textFrame(JSON.stringify(message));
  const { type, ...members } = message;
  const { id: _subscription, ...data } = members as { readonly id?: string };
  const retry = message.type === 'bye' ? { retryMs: message.retry_ms } : {};
  return Buffer.from(sseText({ event: type, data: JSON.stringify(data), ...retry }));
}

/** @param records of a part of a snapshot, as JSON texts with commas between them */
export function snapshotBytes(
  wire: Wire,
  subscription: string,
  records: string,
  rest: { readonly more: boolean; readonly truncated: boolean },
): Buffer {
  const members = `"jobs":[${records}],"more":${rest.more}${rest.truncated ? ',"truncated":true' : ''}`;
  if (wire === 'sse') return Buffer.from(sseText({ event: 'snapshot', data: `{${members}}` }));
  return textFrame(`{"type":"snapshot","id":${JSON.stringify(subscription)},${members}}`);
}
