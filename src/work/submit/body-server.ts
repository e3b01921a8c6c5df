import type { MessagePort } from 'node:worker_threads';
import { createAddressCheck } from '../../fetch/address-check.js';
import type { FoundDesign, FoundText, ReadDesign, ReadsDesigns } from '../../render/design.js';
import type { DesignName, Kind } from '../../render/kind.js';
import { lowerThreadPriority } from '../../render/thread-priority.js';
import type { BodyShape, FindDesign, FormBody, JsonBody } from '../service.js';
import { type BodyToParse, parseAnyBody, shapeTools } from './parsed-request.js';

/** A request of a kind, or of the shape of this name. */
export type ToRead =
  | { readonly request: BodyToParse }
  | { readonly shape: string; readonly body: JsonBody | FormBody; readonly asked: unknown };

export interface BodyTask {
  readonly id: number;
  readonly toRead: ToRead;
  readonly allowPrivate: boolean;
}

/** The answer to `wants`. */
interface Found {
  readonly id: number;
  readonly found: FoundText | undefined;
}

export type FromBodyThread =
  /** What `parseAnyBody`, or the shape, has answered. */
  | { readonly id: number; readonly answer: unknown }
  /** The body names a design, which only the other side can look up. This one knows those of these digests. */
  | { readonly id: number; readonly wants: DesignName; readonly known: readonly string[] };

/** A shape whose body and words only its caller knows: they come as they were sent. */
// biome-ignore lint/suspicious/noExplicitAny: a list of shapes has no one type of what each is asked
export type AnyBodyShape = BodyShape<any, any, object>;

/** Designs that were read lately, by the digest of their text. */
export interface LatestDesigns {
  readonly digests: readonly string[];
  of(digest: string, read: () => Promise<ReadDesign>): Promise<ReadDesign>;
}

export interface Readers {
  readonly kinds: readonly Kind[];
  readonly readDesign: ReadsDesigns;
  readonly latest: LatestDesigns;
  readonly shapes: readonly AnyBodyShape[];
}

/** Reads bodies in a thread of their own, one at a time, as requests of these kinds and shapes. */
export function serveBodies(port: MessagePort, { kinds, readDesign, latest, shapes }: Readers): void {
  // Reading gives way to the thread that answers, rendering to both.
  lowerThreadPriority(5);
  /** Of the body that is being read. */
  let onFound: ((found: FoundText | undefined) => void) | undefined;
  const send = (message: FromBodyThread): void => port.postMessage(message);
  const read = (toRead: ToRead, allowPrivate: boolean, find: FindDesign): Promise<unknown> => {
    const checkAddress = createAddressCheck(allowPrivate);
    if ('request' in toRead) return parseAnyBody(toRead.request, kinds, checkAddress, find);
    const shape = shapes.find(({ name }) => name === toRead.shape);
    if (shape === undefined) throw new Error(`This thread knows no shape "${toRead.shape}"`);
    return shape.read(toRead.body, toRead.asked, shapeTools({ kinds, readDesign }, checkAddress, find));
  };
  port.on('message', (message: BodyTask | Found) => {
    if ('found' in message) {
      onFound?.(message.found);
      return;
    }
    const { id, toRead, allowPrivate } = message;
    const find: FindDesign = async (name) => {
      const found = await new Promise<FoundText | undefined>((resolve) => {
        onFound = resolve;
        send({ id, wants: name, known: latest.digests });
      });
      return found && designOf(found, readDesign, latest);
    };
    void read(toRead, allowPrivate, find).then((answer) => send({ id, answer }));
  });
}

/** Undefined for one that an earlier server has stored, and this one does not take. */
async function designOf(
  { text, ...found }: FoundText,
  readDesign: ReadsDesigns,
  latest: LatestDesigns,
): Promise<FoundDesign | undefined> {
  const read = async (): Promise<ReadDesign> => {
    if (text === undefined) throw new Error('A design that is known was sent without its text');
    const reading = readDesign(JSON.parse(text));
    if (!reading.ok) throw new Outdated();
    return reading.design;
  };
  try {
    return { ...found, design: await latest.of(found.digest, read) };
  } catch (error) {
    if (error instanceof Outdated) return undefined;
    throw error;
  }
}

class Outdated extends Error {}
