import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { GrowingBytes } from '../../../pieces/growing-bytes.js';
import type { IndexRange } from '../../../protocol/job-record.js';
import type { ArtifactWriter, ChunkContext, ChunkedRunner, Prepared, StepContext } from '../../kind.js';
import { resultTooLarge } from './bounds.js';
import { type KeptTemplate, keptNames, preparedNames, type RowsPlan } from './plan.js';
import { readRows } from './rows/rows-file.js';
import { letters } from './tally.js';
import { rowFiller } from './template/row-filler.js';
import { makeArchive } from './view/archive.js';
import { fillRows, type RowFiller } from './view/fill-rows.js';
import type { RowCounts } from './view/row-counts.js';
import {
  countsOf,
  headBytesOf,
  Prefix,
  readSegmentHead,
  SegmentBytes,
  segmentStartBytes,
} from './view/segment.js';
import type { SegmentHead } from './view/segment-head.js';

/** Of a row's own part of its PDF. */
const maxTailBytes = 1024 * 1024;
const pdfType = 'application/pdf';
const bytesType = 'application/octet-stream';

/** A template as a thread holds it between the chunks of a job. */
interface Loaded {
  readonly digest: string;
  readonly prefix: Prefix;
  readonly fill: RowFiller;
}

class BulkFillRunner implements ChunkedRunner {
  readonly name = 'bulk_fill';
  /** The latest: chunks of one job come one after the other, mostly. */
  #loaded: Loaded | undefined;

  readonly #bytes = new SegmentBytes();
  /** Of the rows of a chunk. */
  readonly #lines = new GrowingBytes();
  /** Of the segment that is read. */
  #start = Buffer.alloc(0);

  async warm(): Promise<void> {
    await import('./prepare.js');
  }

  async practise(): Promise<void> {
    await (await import('./practice.js')).practiseFilling();
  }

  async prepare(request: unknown, context: StepContext): Promise<Prepared> {
    // A thread that only fills rows needs neither a PDF library nor the schemas: 20 MB and most of a second.
    const { prepare } = await import('./prepare.js');
    return prepare(request, context);
  }

  async chunk(units: IndexRange, context: ChunkContext): Promise<string> {
    const plan = context.plan as RowsPlan;
    const { prefix, fill } = this.#template(plan, context);
    const rows = readRows(
      {
        rows: context.preparedPath(preparedNames.rows),
        index: context.preparedPath(preparedNames.index),
      },
      units,
      this.#lines,
    );
    const { nameColumns } = plan;
    const options = { prefix, fill, nameColumns, maxTailBytes, bytes: this.#bytes };
    const { statuses, lengths, names, digests, tailsStart, parts } = fillRows(rows, units.from, options);
    const name = segmentName(units);
    write(context.kept(name, bytesType), parts);
    if (lengths.length > 0)
      context.virtualRun({
        contentType: pdfType,
        head: { file: keptNames.prefix, start: 0, length: prefix.length },
        file: name,
        start: tailsStart,
        lengths,
        names: names.join('/'),
        digests,
      });
    return statuses.map((status) => letters[status]).join('');
  }

  async finish(lost: readonly IndexRange[], context: ChunkContext) {
    const names = context.parts.filter((name) => name.startsWith(segmentStart));
    const manifest = context.artifact('manifest.json', 'application/json');
    const headers = context.kept(keptNames.headers, bytesType);
    const directory = context.kept(keptNames.directory, bytesType);
    const layout = context.kept(keptNames.layout, bytesType);
    const { warnings } = keptTemplate(context);
    const archive = makeArchive({
      prefixBytes: statSync(context.preparedPath(keptNames.prefix)).size,
      segments: names.map((name) => ({
        ...unitsOf(name),
        counts: () => this.#countsOf(context.partPath(name)),
        head: () => this.#headOf(context.partPath(name)),
      })),
      lost,
      createdAt: context.createdAt,
      warnings,
      onManifest: (part) => manifest.write(part),
      onHeaders: (part) => headers.write(part),
      onDirectory: (part) => directory.write(part),
      onLayout: (part) => layout.write(part),
    });
    const { resultBytes } = context.plan as RowsPlan;
    if (resultBytes > 0 && archive.sizeBytes > resultBytes) throw resultTooLarge(resultBytes);
    for (const file of [manifest, headers, directory, layout]) file.end();
    const own = [keptNames.prefix, keptNames.headers, keptNames.directory];
    context.virtual({
      name: 'rows.zip',
      contentType: 'application/zip',
      sizeBytes: archive.sizeBytes,
      tag: archive.tag,
      content: { layout: keptNames.layout, sources: [...own, ...names] },
    });
    return {};
  }

  #countsOf(path: string): RowCounts {
    const start = this.#startOf(path, segmentStartBytes);
    return countsOf(start) ?? this.#headOf(path).counts;
  }

  /** Of a segment, without the tails: until the next call. */
  #headOf(path: string): SegmentHead {
    const length = headBytesOf(this.#startOf(path, segmentStartBytes));
    const head = this.#startOf(path, length);
    if (head.length < length) throw new Error('A segment of the job is not whole');
    return readSegmentHead(head);
  }

  /** The first bytes of a file, as many as there are, until the next call. */
  #startOf(path: string, length: number): Buffer {
    // The same memory for all: V8 does not hurry to give back what is outside of its heap.
    if (this.#start.length < length) this.#start = Buffer.allocUnsafe(length);
    const fd = openSync(path, 'r');
    try {
      let at = 0;
      for (let count = -1; at < length && count !== 0; at += count)
        count = readSync(fd, this.#start, at, length - at, at);
      return this.#start.subarray(0, at);
    } finally {
      closeSync(fd);
    }
  }

  #template({ digest }: RowsPlan, context: ChunkContext): Loaded {
    if (this.#loaded?.digest === digest) return this.#loaded;
    const prefix = new Prefix(readFileSync(context.preparedPath(keptNames.prefix)));
    const { program } = keptTemplate(context);
    this.#loaded = { digest, prefix, fill: rowFiller(prefix, program) };
    return this.#loaded;
  }
}

/** Written by this server. */
function keptTemplate(context: ChunkContext): KeptTemplate {
  return JSON.parse(readFileSync(context.preparedPath(keptNames.program), 'utf8')) as KeptTemplate;
}

function write(writer: ArtifactWriter, parts: readonly Uint8Array[]): void {
  for (const part of parts) writer.write(part);
  writer.end();
}

const segmentStart = 'segment-';

function segmentName({ from, to }: IndexRange): string {
  return `${segmentStart}${from}-${to}`;
}

function unitsOf(name: string): IndexRange {
  const [from = 0, to = 0] = name.slice(segmentStart.length).split('-').map(Number);
  return { from, to };
}

export const bulkFillRunner: ChunkedRunner = new BulkFillRunner();
