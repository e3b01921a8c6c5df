import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Shell, TextStream } from '../../src/cli/terminal.js';

/** A stream that keeps what was written. */
export class KeptStream implements TextStream {
  readonly terminal: boolean;
  width = 100;
  height = 24;
  readonly #chunks: Uint8Array[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(terminal = false) {
    this.terminal = terminal;
  }

  write(data: string | Uint8Array): void {
    this.#chunks.push(Buffer.from(data));
    for (const wake of this.#waiting) wake();
  }

  async flushed(): Promise<void> {}

  columns(): number {
    return this.width;
  }

  rows(): number {
    return this.height;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  get lines(): readonly string[] {
    return this.text.split('\n').filter((line) => line !== '');
  }

  /** Each line as JSON. */
  get values(): readonly Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line));
  }

  /** Resolves when what was written so far matches. */
  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }
}

export interface KeptShell extends Shell {
  readonly out: KeptStream;
  readonly err: KeptStream;
  /** As the first signal does. */
  interrupt(): void;
}

export function shell(
  args: readonly string[],
  environment: Shell['environment'] = {},
  more: { readonly terminal?: boolean; readonly input?: string } = {},
): KeptShell {
  const interrupted = new AbortController();
  return {
    args,
    environment: { LANG: 'C.UTF-8', ...environment },
    out: new KeptStream(more.terminal),
    err: new KeptStream(more.terminal),
    input: (async function* () {
      yield Buffer.from(more.input ?? '');
    })(),
    interrupted: interrupted.signal,
    now: Date.now,
    interrupt: () => interrupted.abort(new Error('SIGINT')),
  };
}

/** A folder of its own for each file of tests; removed at its end. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inkwire-cli-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function page(text = 'x'): object {
  return { operations: [{ type: 'add_text', text }] };
}

export async function writeJson(path: string, value: unknown): Promise<string> {
  await writeFile(path, JSON.stringify(value));
  return path;
}
