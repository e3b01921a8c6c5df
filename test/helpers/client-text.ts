import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const docs = new URL('../../docs/', import.meta.url);

export interface Block {
  /** `run`, `ticket`, `file: examples/...`; undefined where nothing stands before it. */
  readonly mark: string | undefined;
  readonly language: string;
  readonly code: string;
  /** The heading that it stands under. */
  readonly section: string;
}

export const clientText = readFileSync(new URL('CLIENTS.md', docs), 'utf8');

/** All code of docs/CLIENTS.md. */
export function codeBlocks(): readonly Block[] {
  const pattern = /(?:<!-- (.+?) -->\n)?```(\w+)\n(.*?)\n```/gs;
  return [...clientText.matchAll(pattern)].map(({ 1: mark, 2: language = '', 3: code = '', index }) => ({
    mark,
    language,
    code,
    section:
      /^## (.+)$/m.exec(
        clientText
          .slice(0, index)
          .split(/^(?=## )/m)
          .at(-1) ?? '',
      )?.[1] ?? '',
  }));
}

/** The rows of the first table after a heading, by their cells. */
export function tableUnder(heading: string): readonly (readonly string[])[] {
  const section = clientText.split(`\n## ${heading}\n`)[1] ?? '';
  const lines = /(?:^\|.*\|$\n?)+/m.exec(section)?.[0].trim().split('\n') ?? [];
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

export function pathIn(file: string): string {
  return fileURLToPath(new URL(file, docs));
}
