import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { RunContext } from '../../../src/render/kind.js';
import { previewPrograms } from '../../../src/render/kinds/preview/inputs/program-names.js';
import { footprintOf } from '../../../src/render/program-watch.js';
import type { Programs } from '../../../src/render/programs.js';
import { ProgramBench, type Way, ways } from '../programs-fixture.js';

/** The best sandbox of this machine. */
const best = ways.find(({ absent }) => !absent)?.way ?? 'none: allowed';

export const withoutSandbox = best === 'none: allowed';

/** What a task has of the machine: programs as a server runs them. */
export class InputBench {
  readonly bench = new ProgramBench();
  readonly #discards: (() => Promise<void>)[] = [];
  #programs: Programs | undefined;
  #files = 0;

  async open(way: Way = best, options: Parameters<ProgramBench['open']>[1] = {}): Promise<void> {
    this.#programs = await this.bench.open(way, { registry: previewPrograms, ...options });
  }

  context(signal = new AbortController().signal, owner = 'alice'): Pick<RunContext, 'program'> {
    return {
      program: async (call) => {
        if (this.#programs === undefined) throw new Error('Open it first');
        const { outcome, discard } = await this.#programs.run(call, signal, owner);
        this.#discards.push(discard);
        return outcome;
      },
    };
  }

  file(bytes: Uint8Array | string): string {
    this.#files += 1;
    const path = join(this.bench.root, `input-${this.#files}`);
    writeFileSync(path, bytes);
    return path;
  }

  /** Pids of programs of this name that this process has started. Linux only. */
  processes(name: string): readonly number[] {
    return footprintOf(process.pid, 10_000).pids.filter((pid) => nameOf(pid) === name);
  }

  /** When so many programs that were kept started wait for a call. */
  async kept(count: number): Promise<void> {
    await vi.waitFor(
      () => {
        if (this.#programs?.kept !== count) throw new Error('not yet');
      },
      { timeout: 60_000, interval: 5 },
    );
  }

  /** As a server that shuts down. */
  async end(): Promise<void> {
    await this.#programs?.close();
  }

  /** When a program of this name runs. */
  async working(name: string): Promise<void> {
    await vi.waitFor(
      () => {
        if (this.processes(name).length === 0) throw new Error('not yet');
      },
      { timeout: 60_000, interval: 5 },
    );
  }

  async close(): Promise<void> {
    for (const discard of this.#discards) await discard();
    await this.bench.close();
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

const poppler = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();

export const textOfPdf = (path: string): string => poppler('pdftotext', '-layout', path, '-');

export function pagesOfPdf(path: string): number {
  return Number(/^Pages:\s+(\d+)$/m.exec(poppler('pdfinfo', path))?.[1]);
}

/** Behind two lines of a heading. */
export function imagesOfPdf(path: string): number {
  return poppler('pdfimages', '-list', path).trim().split('\n').length - 2;
}
