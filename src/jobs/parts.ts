import type { Artifact, BlobPiece, Chunk, Content } from './job.js';

/**
 * The artifacts of a chunk in one record, where a job may have ten thousand of them: the bytes of each are the same first
 * ones, and behind them some of its own. What is stored and handed on is the run; whoever asks for an artifact of it
 * gets an `Artifact`.
 */
export interface ArtifactRun {
  /** Of the run in the store, by which it is found (`nameOfRun`): no artifact has such a name. */
  readonly name: string;
  readonly run: RunMembers;
  /** As of an artifact. */
  readonly chunk?: Chunk;
  readonly blob?: undefined;
  readonly kept?: undefined;
  readonly page?: undefined;
  readonly pageCount?: undefined;
}

export interface RunMembers {
  readonly contentType: string;
  /** The first bytes of all. */
  readonly head: BlobPiece;
  /** Where those of the first one's own start; the others' come one behind the other. */
  readonly blob: string;
  readonly start: number;
  /** How many bytes each has of its own. */
  readonly lengths: readonly number[];
  /** Joined by `/`, which no name has. The number in them grows, and those of all runs of a job that begin alike do not mix. */
  readonly names: string;
  /** SHA-256 of each, 64 lower-case hex digits, one behind the other. */
  readonly digests: string;
}

/** What the store keeps as one. */
export type Part = Artifact | ArtifactRun;

export interface PlacedPart {
  /** Of its first artifact. */
  readonly place: number;
  readonly part: Part;
}

/** The blobs that some parts need, each once. */
export function blobsOfParts(parts: readonly Part[]): readonly string[] {
  return [...new Set(parts.flatMap(blobsOfPart))];
}

function blobsOfPart(part: Part): readonly string[] {
  return part.run === undefined ? blobsOfContent(part) : [part.run.head.blob, part.run.blob];
}

/** The blobs that an artifact needs, each once. */
export function blobsOfContent({ blob, pieces, layout }: Content): readonly string[] {
  if (blob !== undefined) return [blob];
  if (layout !== undefined) return [...new Set([layout.blob, ...layout.sources])];
  return [...new Set(pieces.map((piece) => piece.blob))];
}

/** The blobs that are artifacts themselves. */
export function wholeBlobsOf(parts: readonly Part[]): readonly string[] {
  return parts.flatMap(({ blob }) => (blob === undefined ? [] : [blob]));
}

const separator = '/';
const digestLength = 64;
/** Of a number of 53 bits. */
const numberDigits = 16;

/**
 * The name of a run by that of its first artifact, and below which the run of any artifact is looked for: `row_250.pdf`
 * is in the one that has the last name up to `row_/0000000000000250`. Undefined for a name that is in no run.
 */
export function nameOfRun(name: string): string | undefined {
  const [, stem, digits] = /^(\D*)(\d{1,16})/.exec(name) ?? [];
  return stem === undefined || digits === undefined
    ? undefined
    : `${stem}${separator}${digits.padStart(numberDigits, '0')}`;
}

/** Between which names, both included, the run of an artifact has its own: the last one of these is it. */
export function namesOfRun(name: string): readonly [from: string, to: string] | undefined {
  const to = nameOfRun(name);
  return to === undefined ? undefined : [to.slice(0, -numberDigits), to];
}

/** The parts as artifacts, where each is one that can be had. */
export function plainOf(parts: readonly Part[]): readonly Artifact[] | undefined {
  const plain = parts.flatMap((part) => (part.run === undefined && part.kept !== true ? [part] : []));
  return plain.length === parts.length ? plain : undefined;
}

/** How many artifacts a part is. */
export function countOf({ run }: Part): number {
  return run === undefined ? 1 : run.lengths.length;
}

export function countOfAll(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + countOf(part), 0);
}

/** Parts with the places of their first artifacts, which come one after the other. */
export function placed(parts: readonly Part[], from: number): readonly PlacedPart[] {
  let place = from;
  return parts.map((part) => {
    const found = { place, part };
    place += countOf(part);
    return found;
  });
}

/** The artifacts at the places `from` to before `to`. */
export function artifactsBetween(
  parts: readonly PlacedPart[],
  from: number,
  to: number,
): readonly Artifact[] {
  return parts.flatMap(({ place, part }) => {
    if (part.run === undefined) return place >= from && place < to ? [part] : [];
    return artifactsOfRun(part.run, Math.max(0, from - place), to - place);
  });
}

/** The artifact of a name, where the part is it or has it. What is for the job's own use is nobody's. */
export function artifactNamed(part: Part | undefined, name: string): Artifact | undefined {
  if (part?.run === undefined) return part?.name === name && part.kept !== true ? part : undefined;
  const place = part.run.names.split(separator).indexOf(name);
  return place === -1 ? undefined : artifactsOfRun(part.run, place, place + 1)[0];
}

function artifactsOfRun(run: RunMembers, from: number, to: number): Artifact[] {
  const { contentType, head, blob, lengths, digests } = run;
  let start = lengths.slice(0, from).reduce((sum, length) => sum + length, run.start);
  return run.names
    .split(separator)
    .slice(from, to)
    .map((name, index) => {
      const at = from + index;
      const length = lengths[at] ?? 0;
      const own = { blob, start, length };
      start += length;
      return {
        name,
        contentType,
        sizeBytes: head.length + length,
        sha256: digests.slice(at * digestLength, (at + 1) * digestLength),
        pieces: [head, own],
      };
    });
}
