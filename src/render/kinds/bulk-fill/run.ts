import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { IndexRange } from '../../../protocol/job-record.js';
import type { ArtifactWriter, ChunkContext, ChunkedRunner } from '../../kind.js';
import { type KeptTemplate, keptNames, preparedNames, type RowsPlan } from './plan.js';
import { prepare } from './prepare.js';
import { readRows } from './rows/rows-file.js';
import { letters } from './tally.js';
import { rowFiller } from './template/row-filler.js';
import { Archive } from './view/archive.js';
import { fillRows, type RowFiller } from './view/fill-rows.js';
import { headBytesOf, Prefix, readSegmentHead, type SegmentHead, segmentStartBytes } from './view/segment.js';

/** Of a row's own part of its PDF. */
const maxTailBytes = 1024 * 1024;
const pdfType = 'application/pdf';

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

  readonly prepare = prepare;

  async chunk(units: IndexRange, context: ChunkContext): Promise<string> {
    const plan = context.plan as RowsPlan;
    const { prefix, fill } = this.#template(plan, context);
    const rows = readRows(
      {
        rows: context.preparedPath(preparedNames.rows),
        index: context.preparedPath(preparedNames.index),
      },
      units,
    );
    const parts = fillRows(rows, units.from, { prefix, fill, nameColumns: plan.nameColumns, maxTailBytes });
    const name = `segment-${units.from}-${units.to}`;
    write(context.kept(name, 'application/octet-stream'), parts);
    const [start = new Uint8Array(0), head = new Uint8Array(0)] = parts;
    const { rows: made, tailsStart } = readSegmentHead(Buffer.concat([start, head]));
    for (const row of made) {
      if (row.status === 'failed') continue;
      const { tailBytes, start: tailStart, sha256 } = row.file;
      context.virtual({
        name: row.fileName,
        contentType: pdfType,
        sizeBytes: prefix.length + tailBytes,
        sha256,
        content: {
          pieces: [
            { file: keptNames.prefix, start: 0, length: prefix.length },
            { file: name, start: tailsStart + tailStart, length: tailBytes },
          ],
        },
      });
    }
    return made.map(({ status }) => letters[status]).join('');
  }

  async finish(lost: readonly IndexRange[], context: ChunkContext) {
    const names = context.parts.filter((name) => name.startsWith('segment-'));
    const segments = names.map((name) => ({ name, head: headOf(context.partPath(name)) }));
    segments.sort((a, b) => a.head.from - b.head.from);
    const prefix = new Prefix(readFileSync(context.preparedPath(keptNames.prefix)));
    const { warnings } = keptTemplate(context);
    const archive = new Archive({
      prefixBytes: prefix.length,
      segments: segments.map(({ head }) => head),
      lost,
      createdAt: context.createdAt,
      warnings,
    });
    const layout = 'archive.layout';
    write(context.kept(layout, 'application/octet-stream'), archive.layout());
    context.virtual({
      name: 'rows.zip',
      contentType: 'application/zip',
      sizeBytes: archive.sizeBytes,
      tag: archive.tag,
      content: { layout, sources: [keptNames.prefix, ...segments.map(({ name }) => name)] },
    });
    write(context.artifact('manifest.json', 'application/json'), [archive.manifest]);
    return {};
  }

  #template({ digest }: RowsPlan, context: ChunkContext): Loaded {
    if (this.#loaded?.digest === digest) return this.#loaded;
    const prefix = new Prefix(readFileSync(context.preparedPath(keptNames.prefix)));
    const { program } = keptTemplate(context);
    this.#loaded = { digest, prefix, fill: rowFiller(prefix.length, program) };
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

/** Without the tails. */
function headOf(path: string): SegmentHead {
  const fd = openSync(path, 'r');
  try {
    const start = Buffer.alloc(segmentStartBytes);
    readSync(fd, start, 0, start.length, 0);
    const bytes = Buffer.alloc(headBytesOf(start));
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(fd, bytes, at, bytes.length - at, at);
      if (count === 0) throw new Error('A segment of the job is not whole');
      at += count;
    }
    return readSegmentHead(bytes);
  } finally {
    closeSync(fd);
  }
}

export const bulkFillRunner: ChunkedRunner = new BulkFillRunner();
