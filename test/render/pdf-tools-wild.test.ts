import { describe, expect, it } from 'vitest';
import { RenderFailure } from '../../src/render/kind.js';
import { extractTextRunner } from '../../src/render/kinds/pdf-tools/extract-text.js';
import { mergeRunner } from '../../src/render/kinds/pdf-tools/merge.js';
import { extractTextKind, mergeKind, splitKind } from '../../src/render/kinds/pdf-tools/requests.js';
import { splitRunner } from '../../src/render/kinds/pdf-tools/split.js';
import { unreadable, wildPdfs } from '../helpers/wild-pdfs.js';
import { base64, qpdf, runKind, withoutQpdf } from './pdf-tools-fixture.js';

/** Every tool reads all of a file, or refuses it with a sentence: it never leaves out what others see. */

const wild = await wildPdfs();
/** What a tool refuses although another one reads it, since it cannot know what else it would lose. */
const refusals: Readonly<Record<string, readonly string[]>> = {
  'a trailer without a root': ['extract_text'],
  'a count that is too large': ['extract_text'],
  'a page that is not there': ['extract_text', 'merge', 'split'],
  'a tree that comes back to itself': ['extract_text', 'merge', 'split'],
  'a head of no version': ['merge', 'split'],
  'numbers that are none': ['merge', 'split'],
};
/** As viewers have it, which go by the count. */
const fewer: Readonly<Record<string, readonly string[]>> = { 'a count that is too small': ['first'] };

async function wordsOf(file: Uint8Array): Promise<readonly string[]> {
  const ran = await runKind(extractTextKind, extractTextRunner, { pdf_data: base64(file) });
  return (ran.json('text.json') as { readonly text: string }).text.split(/\s+/).filter((word) => word !== '');
}

const tools: Readonly<Record<string, (file: Uint8Array) => Promise<readonly string[]>>> = {
  extract_text: wordsOf,
  async merge(file) {
    const merged = (await runKind(mergeKind, mergeRunner, { pdf_files: [base64(file)] })).bytes('merged.pdf');
    if (!withoutQpdf) expect(qpdf(['--check', 'in.pdf'], merged)).toMatchObject({ status: 0 });
    return wordsOf(merged);
  },
  async split(file) {
    const ran = await runKind(splitKind, splitRunner, { pdf_data: base64(file) });
    const chunks = ran.names.filter((name) => name.endsWith('.pdf'));
    return (await Promise.all(chunks.map((name) => wordsOf(ran.bytes(name))))).flat();
  },
};

/** The words, or how it was refused. */
async function outcomeOf(tool: string, file: Uint8Array): Promise<readonly string[] | 'refused'> {
  try {
    return (await tools[tool]?.(file)) ?? [];
  } catch (error) {
    const isTold = error instanceof RenderFailure || String(error).startsWith('Error: refused: [{"pointer"');
    if (!isTold) throw error;
    return 'refused';
  }
}

describe.each(Object.keys(tools))('%s of a file with', (tool) => {
  it.each(wild)('$name', async ({ name, words, bytes }) => {
    const isRefused = refusals[name]?.includes(tool) === true;
    const seen = tool === 'extract_text' ? (fewer[name] ?? words) : words;
    expect(await outcomeOf(tool, bytes)).toEqual(isRefused ? 'refused' : seen);
  });

  it.each(unreadable)('%s refuses it', async (_, bytes) => {
    expect(await outcomeOf(tool, bytes)).toBe('refused');
  });
});
