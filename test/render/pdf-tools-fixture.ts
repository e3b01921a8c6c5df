import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { degrees, PDFDocument, PDFName, PDFString, StandardFonts } from '@cantoo/pdf-lib';
import type { JobWarning } from '../../src/protocol/job-record.js';
import type { Kind, KindRunner, Progress, RunContext, RunResult } from '../../src/render/kind.js';
import { bareContext } from './run-context.js';

export interface SamplePage {
  readonly size: [number, number];
  readonly text?: string;
  readonly rotate?: number;
  /** Index of the page that a link on this one leads to. */
  readonly linkTo?: number;
  /** The same, by a destination's name. */
  readonly linkToName?: string;
}

export interface Sample {
  readonly pages: readonly SamplePage[];
  readonly names?: Readonly<Record<string, number>>;
  /** Title and page of each bookmark. */
  readonly bookmarks?: readonly (readonly [string, number])[];
  /** Bytes of noise on every page, to see what is dragged along. */
  readonly ballast?: number;
}

export async function makePdf(sample: Sample): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const { context, catalog } = document;
  const font = await document.embedFont(StandardFonts.Helvetica);
  const pages = sample.pages.map((page) => {
    const made = document.addPage([...page.size]);
    if (page.text) made.drawText(page.text, { x: 50, y: page.size[1] - 80, size: 18, lineHeight: 22, font });
    if (page.rotate) made.setRotation(degrees(page.rotate));
    if (sample.ballast) {
      const noise = Uint8Array.from({ length: sample.ballast }, (_, i) => (i * 7919 + 13) % 251);
      made.node.set(PDFName.of('PieceInfo'), context.register(context.stream(noise)));
    }
    return made;
  });
  const view = (index: number) => [pages[index]?.ref ?? null, 'XYZ', null, null, null];
  sample.pages.forEach(({ linkTo, linkToName }, index) => {
    const target =
      linkToName === undefined
        ? linkTo === undefined
          ? undefined
          : context.obj(view(linkTo))
        : PDFString.of(linkToName);
    if (target === undefined) return;
    const link = context.obj({ Type: 'Annot', Subtype: 'Link', Rect: [0, 0, 50, 50], Dest: target });
    pages[index]?.node.set(PDFName.of('Annots'), context.obj([context.register(link)]));
  });
  if (sample.names) {
    const dests = context.obj({});
    for (const [name, index] of Object.entries(sample.names))
      dests.set(PDFName.of(name), context.obj(view(index)));
    catalog.set(PDFName.of('Dests'), dests);
  }
  if (sample.bookmarks) {
    const root = context.nextRef();
    const refs = sample.bookmarks.map(() => context.nextRef());
    sample.bookmarks.forEach(([title, index], i) => {
      const item = context.obj({ Parent: root, Dest: view(index) });
      item.set(PDFName.of('Title'), PDFString.of(title));
      const [previous, next] = [refs[i - 1], refs[i + 1]];
      if (previous) item.set(PDFName.of('Prev'), previous);
      if (next) item.set(PDFName.of('Next'), next);
      const ref = refs[i];
      if (ref) context.assign(ref, item);
    });
    const [first, last] = [refs[0], refs.at(-1)];
    if (first && last)
      context.assign(root, context.obj({ Type: 'Outlines', First: first, Last: last, Count: refs.length }));
    catalog.set(PDFName.of('Outlines'), root);
  }
  return document.save({ useObjectStreams: false });
}

export interface Ran {
  readonly result: RunResult;
  readonly names: readonly string[];
  readonly progress: readonly Progress[];
  readonly warnings: readonly JobWarning[];
  bytes(name: string): Buffer;
  json(name: string): unknown;
}

/** Parses and runs a request in this thread, as the two halves of a kind would in the server. */
export async function runKind(kind: Kind, runner: KindRunner, request: unknown): Promise<Ran> {
  const parsed = kind.parse(request);
  if (!parsed.ok) throw new Error(`refused: ${JSON.stringify(parsed.issues)}`);
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-pdf-'));
  try {
    const paths = parsed.plan.inputs.map((input, index) => {
      const path = join(folder, `input-${index}`);
      if ('bytes' in input) writeFileSync(path, input.bytes);
      return 'file' in input ? input.file.path : path;
    });
    const artifacts = new Map<string, Uint8Array[]>();
    const ended = new Set<string>();
    const progress: Progress[] = [];
    const warnings: JobWarning[] = [];
    const context: RunContext = {
      ...bareContext,
      inputPath: (index) => paths[index] ?? '',
      fetched: () => {
        throw new Error('nothing was fetched');
      },
      progress: (value) => progress.push(value),
      warn: (warning) => warnings.push(warning),
      artifact(name) {
        const chunks: Uint8Array[] = [];
        artifacts.set(name, chunks);
        return { write: (chunk) => chunks.push(chunk), end: () => ended.add(name) };
      },
    };
    const result = await runner.run(JSON.parse(JSON.stringify(parsed.plan.request)), context);
    const bytes = (name: string) => {
      if (!ended.has(name)) throw new Error(`${name} was not ended`);
      return Buffer.concat(artifacts.get(name) ?? []);
    };
    return {
      result,
      names: [...artifacts.keys()],
      progress,
      warnings,
      bytes,
      json: (name) => JSON.parse(bytes(name).toString()),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** Runs qpdf on files in a folder of its own; `in.pdf` holds `input`. */
export function qpdf(
  args: readonly string[],
  input: Uint8Array,
): { status: number | null; output: Buffer; text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-qpdf-'));
  try {
    writeFileSync(join(folder, 'in.pdf'), input);
    const ran = spawnSync('qpdf', args, { cwd: folder, maxBuffer: 1 << 28 });
    return { status: ran.status, output: ran.stdout, text: `${ran.stdout}${ran.stderr}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Without qpdf these tests are left out on a desk, but never on CI. */
export const withoutQpdf = spawnSync('qpdf', ['--version']).error !== undefined && process.env.CI !== 'true';
