import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  aliveWith,
  newMark,
  ProgramBench,
  stubbornScript,
  stubbornStarted,
  ways,
} from '../render/programs-fixture.js';

const parent = fileURLToPath(new URL('../helpers/program-parent.mjs', import.meta.url));

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
      server.kill('SIGKILL');
      await vi.waitFor(() => expect(aliveWith(mark)).toEqual([]), { timeout: 60_000, interval: 10 });
      expect(readdirSync(bench.directory).length).toBe(1);
      await bench.open(way);
      expect(existsSync(bench.directory)).toBe(false);
    },
  );

  it.skipIf(absent)('leaves none also when it comes while the program starts', async () => {
    for (let round = 0; round < 10; round += 1) {
      const mark = newMark();
      const server = spawn(process.execPath, [parent, way, bench.directory, `sleep ${mark}`], {
        stdio: 'inherit',
      });
      // Its own command line has the mark from the start; the next one is of the program or of what watches over it.
      await vi.waitFor(() => expect(aliveWith(mark).length).toBeGreaterThan(1), {
        timeout: 60_000,
        interval: 1,
      });
      server.kill('SIGKILL');
      await vi.waitFor(() => expect(aliveWith(mark)).toEqual([]), { timeout: 60_000, interval: 10 });
    }
  });
});
