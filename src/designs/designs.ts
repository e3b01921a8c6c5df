import type { Blobs } from '../engine/blobs.js';
import { StoreFailed } from '../engine/engine.js';
import type { Library, LibraryVersion } from '../engine/library.js';
import type { DesignFault, FoundDesign, FoundText, ReadDesign, ReadsDesigns } from '../render/design.js';
import { type DesignName, designIdShape } from '../render/kind.js';
import { DesignCache } from './design-cache.js';
import { type WrittenDesign, writtenDesign } from './written-design.js';

/** Whose designs all owners see. No owner can be called so (`ownerShape`). */
export const shippedOwner = '@shipped';

const collection = 'designs';
const limits = { entries: 10_000, versions: 1_000 };
const keptMs = 30 * 24 * 3600 * 1000;
/** Of a text that is read in the thread that answers: some milliseconds, once. */
const maxBytesHere = 16 * 1024;
/** Each attempt that is refused means that another one has stored a version: so many at one time come through. */
const attempts = 1_000;

/** A version of a design, without its text. */
export interface DesignVersion {
  readonly id: string;
  readonly version: number;
  readonly createdAt: number;
  readonly label: string;
  /** Comes with the server, and is no owner's own. */
  readonly shipped: boolean;
  /** SHA-256 of its text, lower-case hex. */
  readonly digest: string;
  /** Of its text; earlier servers have not noted it. */
  readonly bytes?: number;
  readonly blob: string;
}

export interface DesignPage {
  readonly designs: readonly DesignVersion[];
  /** Id of the last one, where there are more. */
  readonly next?: string;
}

export type StoreOutcome =
  | WriteOutcome
  | { readonly type: 'refused'; readonly faults: readonly DesignFault[] };

export type WriteOutcome =
  | { readonly type: 'stored' | 'same'; readonly version: DesignVersion }
  /** The latest version is another one than the caller has seen. */
  | { readonly type: 'conflict' }
  /** There are as many as an owner may have. */
  | { readonly type: 'full'; readonly entries: number };

export type RetireOutcome = 'retired' | 'conflict' | 'not-found' | 'shipped';

/** Whether the latest version, by its ETag, is the one that the caller has seen; undefined where there is no design. */
export type Seen = (etag: string | undefined) => boolean;

export interface DesignsParts {
  readonly library: Library;
  readonly blobs: Blobs;
  readonly read: ReadsDesigns;
  readonly clock: () => number;
  /** 16 or more letters and digits that no other call has given. */
  readonly random: () => string;
  /** An owner has stored a version. */
  readonly onStored?: (design: WrittenDesign) => void;
}

/**
 * Designs: stored, numbered, looked up. A version never changes; its text is a blob, which jobs of the version hold, too, so
 * that they keep it when the design is retired. Beside an owner's own there are those that come with the server; an own
 * one stands in the place of a shipped one of the same id.
 */
export class Designs {
  readonly #parts: DesignsParts;
  readonly #cache = new DesignCache(64, 200_000);

  constructor(parts: DesignsParts) {
    this.#parts = parts;
  }

  /** Reads a design that is not stored. */
  read(value: unknown): ReturnType<ReadsDesigns> {
    return this.#parts.read(value);
  }

  /** Reads a design and stores it. */
  async store(owner: string, id: string, value: unknown, seen?: Seen): Promise<StoreOutcome> {
    const reading = this.read(value);
    if (!reading.ok) return { type: 'refused', faults: reading.faults };
    return this.write(owner, id, writtenDesign(value, reading.design), seen);
  }

  /**
   * Makes the next version, unless the design is equal to the latest one. For an owner without an own one of this id that
   * is the shipped one: the first own one gets the number after it.
   */
  async write(owner: string, id: string, design: WrittenDesign, seen?: Seen): Promise<WriteOutcome> {
    const { library, blobs, clock, random } = this.#parts;
    const { text, digest, label } = design;
    const bytes = Buffer.byteLength(text);
    const name = { owner, collection, name: id };
    let kept: string | undefined;
    const none = async <T extends WriteOutcome>(outcome: T): Promise<T> => {
      if (kept !== undefined) await blobs.remove([kept]);
      return outcome;
    };
    const failed = async (error: unknown): Promise<never> => {
      // Where the answer is lost, a version may have it.
      const isUnused = error instanceof StoreFailed && !error.answerLost;
      if (isUnused && kept !== undefined) await blobs.remove([kept]).catch(() => undefined);
      throw error;
    };
    for (let attempt = 1; ; attempt += 1) {
      const own = headOf(await library.get(name).catch(failed));
      const head = own ?? (await this.#versionOf(shippedOwner, id));
      if (seen?.(head && etagOf(head)) === false) return none({ type: 'conflict' });
      if (head?.digest === digest) return none({ type: 'same', version: head });
      // A scope of its own: the end of one version takes nothing from another with the same text.
      kept ??= await blobs.put(Buffer.from(text), `design-${random()}`);
      const blob = kept;
      const now = clock();
      const version = {
        ...name,
        value: JSON.stringify({ label, digest, bytes }),
        blobs: [blob],
        expected: own?.version ?? 0,
        after: head?.version ?? 0,
        now,
        limits,
      };
      const outcome = await library.put(version).catch(failed);
      if (outcome.type === 'stored') {
        await blobs.remove(outcome.removed);
        if (owner !== shippedOwner) this.#parts.onStored?.(design);
        const { version } = outcome;
        return {
          type: 'stored',
          version: {
            id,
            version,
            createdAt: now,
            label,
            shipped: owner === shippedOwner,
            digest,
            bytes,
            blob,
          },
        };
      }
      if (outcome.type === 'full') return none({ type: 'full', entries: outcome.entries });
      if (outcome.type !== 'conflict') {
        await blobs.remove([blob]);
        throw new Error(`A design was not stored: ${outcome.type}`);
      }
      if (attempt === attempts) return none({ type: 'conflict' });
    }
  }

  /** The latest version, or the one of a number; undefined for a retired design. */
  async get(owner: string, id: string, version?: number): Promise<DesignVersion | undefined> {
    if (!designIdShape.test(id)) return undefined;
    const own = await this.#ownOrNone(owner, id, version);
    return own === 'none' ? this.#versionOf(shippedOwner, id, version) : own;
  }

  /** `none`: the owner has no design of this id, or the version is before its first own one. */
  async #ownOrNone(owner: string, id: string, version?: number): Promise<DesignVersion | undefined | 'none'> {
    const found = await this.#versionOf(owner, id, version);
    if (found !== undefined || version === undefined) return found ?? 'none';
    if ((await this.#versionOf(owner, id)) === undefined) return 'none';
    const place = { owner, collection, name: id };
    const { versions } = await this.#parts.library.versions({ ...place, before: version, limit: 1 });
    return versions.length === 0 ? 'none' : undefined;
  }

  async #versionOf(owner: string, id: string, version?: number): Promise<DesignVersion | undefined> {
    return headOf(await this.#parts.library.get({ owner, collection, name: id }, version));
  }

  /** The design as it was stored, as JSON text. */
  async text({ blob }: DesignVersion): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of await this.#parts.blobs.read(blob)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString();
  }

  #readStored(text: string): ReadDesign {
    const reading = this.#parts.read(JSON.parse(text));
    if (reading.ok) return reading.design;
    const [first] = reading.faults;
    // It was stored by a server with other rules.
    throw new DesignOutdated(`${first?.pointer ?? ''} ${first?.message ?? ''}`.trim());
  }

  /** For bodies that name a design. */
  async find(owner: string, { id, version }: DesignName): Promise<FoundDesign | 'long' | undefined> {
    const found = await this.get(owner, id, version);
    if (found === undefined) return undefined;
    const { digest, blob } = found;
    if (!this.#cache.has(digest) && (await this.#isLong(found))) return 'long';
    const design = await this.#cache.of(digest, async () => this.#readStored(await this.text(found)));
    return { design, version: found.version, digest, blob };
  }

  async #isLong(version: DesignVersion): Promise<boolean> {
    const { bytes = Buffer.byteLength(await this.text(version)) } = version;
    return bytes > maxBytesHere;
  }

  /** The same, as text for another thread that has read designs of these digests. */
  async findText(
    owner: string,
    { id, version }: DesignName,
    known: readonly string[],
  ): Promise<FoundText | undefined> {
    const found = await this.get(owner, id, version);
    if (found === undefined) return undefined;
    const { digest, blob } = found;
    const text = known.includes(digest) ? {} : { text: await this.text(found) };
    return { ...text, version: found.version, digest, blob };
  }

  /** Designs by id, an owner's own and the shipped ones. */
  async list(
    owner: string,
    { after, limit }: { readonly after?: string; readonly limit: number },
  ): Promise<DesignPage> {
    const { library } = this.#parts;
    const page = async (of: string): Promise<readonly DesignVersion[]> => {
      const place = after === undefined ? {} : { after: { owner: of, name: after } };
      const { heads } = await library.list({ collection, owner: of, limit: limit + 1, ...place });
      return heads.map(versionOf);
    };
    const [own, shipped] = await Promise.all([page(owner), page(shippedOwner)]);
    const byId = new Map([...shipped, ...own].map((version) => [version.id, version]));
    const all = [...byId.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
    const designs = all.slice(0, limit);
    const last = designs.at(-1)?.id;
    return all.length > limit && last !== undefined ? { designs, next: last } : { designs };
  }

  /** Takes a design out of use; jobs that were accepted keep their version. */
  async retire(owner: string, id: string, seen?: Seen): Promise<RetireOutcome> {
    const name = { owner, collection, name: id };
    const head = designIdShape.test(id) ? headOf(await this.#parts.library.get(name)) : undefined;
    if (head === undefined) return (await this.get(owner, id)) === undefined ? 'not-found' : 'shipped';
    if (seen?.(etagOf(head)) === false) return 'conflict';
    const now = this.#parts.clock();
    const expected = seen === undefined ? {} : { expected: head.version };
    const outcome = await this.#parts.library.retire({ ...name, ...expected, now, keptMs });
    return outcome.type;
  }

  /**
   * Makes the shipped designs what they are in `designs`, by id: those that are new or have changed get a version, those
   * that are gone are retired.
   */
  async ship(designs: ReadonlyMap<string, unknown>): Promise<void> {
    const ship = async ([id, value]: readonly [string, unknown]): Promise<void> => {
      const outcome = await this.store(shippedOwner, id, value);
      if (outcome.type !== 'refused') return;
      const [first] = outcome.faults;
      throw new Error(`The shipped design ${id} has a fault at ${first?.pointer}: ${first?.message}`);
    };
    await Promise.all([...designs].map(ship));
    const { designs: known } = await this.list(shippedOwner, { limit: 1_000 });
    for (const { id } of known) if (!designs.has(id)) await this.retire(shippedOwner, id);
  }
}

/** A stored design that this version of the server does not take. */
export class DesignOutdated extends Error {}

/** The strong ETag of a version, without quotes. */
export function etagOf({ version, digest }: DesignVersion): string {
  return `${version}-${digest.slice(0, 16)}`;
}

function headOf(found: LibraryVersion | undefined): DesignVersion | undefined {
  return found === undefined || found.retiredAt !== undefined ? undefined : versionOf(found);
}

function versionOf({ owner, name, version, createdAt, value, blobs }: LibraryVersion): DesignVersion {
  const noted = JSON.parse(value) as Pick<DesignVersion, 'label' | 'digest' | 'bytes'>;
  const [blob] = blobs;
  if (blob === undefined) throw new Error('A version of a design has no text');
  return { id: name, version, createdAt, ...noted, shipped: owner === shippedOwner, blob };
}
