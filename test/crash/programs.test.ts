import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withoutOffice } from '../helpers/office-files.js';
import {
  aliveWith,
  newMark,
  ProgramBench,
  stubbornScript,
  stubbornStarted,
  ways,
} from '../render/programs-fixture.js';

const officeParent = fileURLToPath(new URL('../helpers/office-parent.mjs', import.meta.url));
const parent = fileURLToPath(new URL('../helpers/program-parent.mjs', import.meta.url));

/** Resolves when the process is gone: it starts nothing more, and a list of processes then misses nothing. */
async function killed(server: ChildProcess): Promise<void> {
  server.kill('SIGKILL');
  await once(server, 'exit');
}

/** Neither of the program nor of what watched over it: that names the folder. */
function nothingLeft(...marks: readonly string[]): Promise<void> {
  const left = (): readonly string[] => marks.flatMap(aliveWith);
  return vi.waitFor(() => expect(left()).toEqual([]), { timeout: 60_000, interval: 10 });
}

/** A killed process can clear nothing away: the kernel and the supervisor do. */
describe.each(ways)('kill -9 of the server, guard $way', ({ way, absent }) => {
  let bench: ProgramBench;
  beforeEach(() => {
    bench = new ProgramBench();
  });
  afterEach(() => bench.close());

  it.skipIf(absent)(
    'leaves no program and no child of one, and the next start removes its folder',
    async () => {
      const mark = newMark();
      const script = stubbornScript(mark, way === 'none: allowed' ? '' : 'setsid');
      const server = spawn(process.execPath, [parent, way, bench.directory, script], { stdio: 'inherit' });
      await stubbornStarted(bench);
      expect(aliveWith(`sleep ${mark}`).length).toBeGreaterThan(2);
      await killed(server);
      await nothingLeft(mark, bench.root);
      expect(readdirSync(bench.directory).length).toBe(1);
      await bench.open(way);
      expect(existsSync(bench.directory)).toBe(false);
    },
  );

  it.skipIf(absent || withoutOffice || way === 'none: allowed')(
    'leaves no office that was kept started',
    async () => {
      const server = spawn(process.execPath, [officeParent, way, bench.directory], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(server.stdout, 'data');
      expect(aliveWith(bench.root).length).toBeGreaterThan(1);
      await killed(server);
      await nothingLeft(bench.root);
    },
  );

  it.skipIf(absent)('leaves none also when it comes while the program starts', async () => {
    for (let round = 0; round < 10; round += 1) {
      const mark = newMark();
      const server = spawn(process.execPath, [parent, way, bench.directory, `sleep ${mark}`], {
        stdio: 'inherit',
      });
      // A copy of the server that is about to become something else has its command line.
      const started = () => aliveWith(mark).some((line) => !line.includes(parent));
      await vi.waitFor(() => expect(started()).toBe(true), { timeout: 60_000, interval: 1 });
      await killed(server);
      await nothingLeft(mark, bench.root);
    }
  });
});
