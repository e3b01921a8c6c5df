import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Library } from '../engine/library.js';
import { base62 } from '../protocol/names.js';

export interface LinksParts {
  readonly library: Library;
  readonly clock: () => number;
  /** From a cryptographic source. */
  readonly random: (size: number) => Uint8Array;
}

const macBytes = 18;
const secretBytes = 32;
/** No owner can be called so (`ownerShape`). */
const secretName = { owner: '@server', collection: 'secrets', name: 'links' };
const publicNames = 'public-names';
/** Of each of the 3,844 shelves that public names lie on, so that none of them is counted for long. */
const namesOfShelf = 100_000;

/**
 * What is handed to people who have no key: addresses that are signed and expire, names that anybody may look up, and
 * passcodes. All stand on one secret of the service, which lies in its library: every node has the same.
 */
export class Links {
  readonly #parts: LinksParts;
  readonly #secret: Buffer;

  private constructor(parts: LinksParts, secret: Buffer) {
    this.#parts = parts;
    this.#secret = secret;
  }

  static async open(parts: LinksParts): Promise<Links> {
    const { library, clock, random } = parts;
    const known = await library.get(secretName);
    if (known !== undefined) return new Links(parts, Buffer.from(known.value, 'base64'));
    const value = Buffer.from(random(secretBytes)).toString('base64');
    const limits = { entries: 1, versions: 1 };
    await library.put({ ...secretName, value, blobs: [], expected: 0, now: clock(), limits });
    // Another node may have been first.
    const stored = await library.get(secretName);
    if (stored === undefined) throw new Error('The secret of links was not stored');
    return new Links(parts, Buffer.from(stored.value, 'base64'));
  }

  /** A text for an address that stands for `subject` until its time. */
  sign(subject: string, expiresAt: number): string {
    const said = `${expiresAt.toString(36)}.${Buffer.from(subject).toString('base64url')}`;
    return `${said}.${this.#mac('link', said).toString('base64url')}`;
  }

  /** What a signed text stands for; undefined for one that is not ours, was changed, or is too old. */
  read(text: string): string | undefined {
    const [, said = '', expires = '', subject = '', mac = ''] =
      /^(([0-9a-z]{1,11})\.([\w-]{1,2000}))\.([\w-]{1,64})$/.exec(text) ?? [];
    const given = Buffer.from(mac, 'base64url');
    const right = this.#mac('link', said);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    if (Number.parseInt(expires, 36) <= this.#parts.clock()) return undefined;
    return Buffer.from(subject, 'base64url').toString();
  }

  /** What only this service can say of a text: 24 characters, URL-safe, of 144 bits. Always the same. */
  seal(subject: string): string {
    return this.#mac('seal', subject).toString('base64url');
  }

  isSeal(subject: string, given: string): boolean {
    const right = this.#mac('seal', subject);
    const bytes = Buffer.from(given, 'base64url');
    return bytes.length === right.length && timingSafeEqual(bytes, right);
  }

  /** The passcode of a name: always the same, so that it needs not be kept. 10 letters and digits. */
  passcode(name: string): string {
    const mac = this.#mac('passcode', name);
    return Array.from(mac.subarray(0, 10), (byte) => base62.charAt(byte % base62.length)).join('');
  }

  /** Takes as long for a wrong passcode as for the right one. */
  isPasscode(name: string, given: string): boolean {
    const of = (text: string): Buffer => createHmac('sha256', this.#secret).update(text).digest();
    return timingSafeEqual(of(given), of(this.passcode(name)));
  }

  /** Lets anybody find out whose a name is, which nobody can guess: for so long, then it is forgotten. */
  async publish(name: string, owner: string, keptMs: number): Promise<void> {
    const { library, clock } = this.#parts;
    const place = placeOf(name);
    const limits = { entries: namesOfShelf, versions: 1 };
    const now = clock();
    // A name that was retired takes a new version as one that never was.
    if ((await this.ownerOf(name)) !== undefined) return;
    const outcome = await library.put({ ...place, value: owner, blobs: [], expected: 0, now, limits });
    if (outcome.type === 'conflict') return;
    if (outcome.type !== 'stored') throw new Error(`A public name was not stored: ${outcome.type}`);
    // What is retired can be read by its number until its time is over.
    await library.retire({ ...place, now, keptMs });
  }

  async ownerOf(name: string): Promise<string | undefined> {
    // The newest, whatever its number: two that publish a name at one time make two versions of it.
    const { versions } = await this.#parts.library.versions({ ...placeOf(name), limit: 1 });
    return versions[0]?.value;
  }

  #mac(use: string, text: string): Buffer {
    return createHmac('sha256', this.#secret).update(`${use}\n${text}`).digest().subarray(0, macBytes);
  }
}

function placeOf(name: string) {
  return { owner: `@names-${name.slice(0, 2)}`, collection: publicNames, name };
}
