import type { MessagePort } from 'node:worker_threads';
import { createAddressCheck } from '../../fetch/address-check.js';
import type { FoundDesign, ReadsDesigns } from '../../render/design.js';
import type { DesignName, Kind } from '../../render/kind.js';
import { lowerThreadPriority } from '../../render/thread-priority.js';
import { type BodyToParse, type ParseAnswer, parseAnyBody } from './parsed-request.js';

export interface BodyTask {
  readonly id: number;
  readonly request: BodyToParse;
  readonly allowPrivate: boolean;
}

/** A stored design on its way to the thread, which reads it anew. */
export interface FoundText {
  readonly text: string;
  readonly digest: string;
  readonly blob: string;
}

/** The answer to `wants`. */
interface Found {
  readonly id: number;
  readonly found: FoundText | undefined;
}

export type FromBodyThread =
  | { readonly id: number; readonly answer: ParseAnswer }
  /** The body names a design, which only the other side can look up. */
  | { readonly id: number; readonly wants: DesignName };

/** Reads bodies in a thread of their own, one at a time, as requests of these kinds. */
export function serveBodies(port: MessagePort, kinds: readonly Kind[], readDesign: ReadsDesigns): void {
  // Reading gives way to the thread that answers, rendering to both.
  lowerThreadPriority(5);
  /** Of the body that is being read. */
  let onFound: ((found: FoundDesign | undefined) => void) | undefined;
  const send = (message: FromBodyThread): void => port.postMessage(message);
  port.on('message', (message: BodyTask | Found) => {
    if ('found' in message) {
      onFound?.(message.found && designOf(message.found, readDesign));
      return;
    }
    const { id, request, allowPrivate } = message;
    const find = (name: DesignName): Promise<FoundDesign | undefined> =>
      new Promise((resolve) => {
        onFound = resolve;
        send({ id, wants: name });
      });
    void parseAnyBody(request, kinds, createAddressCheck(allowPrivate), find).then((answer) =>
      send({ id, answer }),
    );
  });
}

function designOf({ text, digest, blob }: FoundText, readDesign: ReadsDesigns): FoundDesign | undefined {
  const reading = readDesign(JSON.parse(text));
  return reading.ok ? { design: reading.design, digest, blob } : undefined;
}
