import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { bubblewrap, unshare } from '../../render/program-sandbox.js';
import { Programs } from '../../render/programs.js';
import { type Check, type Finding, ok, type Patient, warn } from './finding.js';

/** The guard of external programs. */

export const programs: Check = { name: 'programs', run: checkPrograms };

const manner = { nice: 0 };
const better =
  'Install bubblewrap (Debian: apt-get install bubblewrap), and let this user make user namespaces.';

/** As the server does at its start, but beside its data directory. */
async function checkPrograms({ config }: Patient): Promise<readonly Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'inkwire-doctor-'));
  const tried = new Programs({
    directory: join(folder, 'programs'),
    registry: {},
    sandboxes: [bubblewrap(manner), unshare(manner)],
    allowUnsandboxed: config.allowUnsandboxedPrograms,
    ...manner,
    maxRunning: availableParallelism(),
    maxWaiting: 0,
    onFault: () => undefined,
  });
  try {
    const { guard, reasons } = await tried.open();
    const because = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
    switch (guard) {
      case 'bubblewrap':
      case 'unshare':
        return [ok('programs', `external programs run in a sandbox: ${guard}${because}`)];
      case 'none: refused':
        return [warn('programs', `external programs are refused, there is no sandbox${because}`, better)];
      case 'none: allowed':
        return [warn('programs', `external programs run without a sandbox, as you allow${because}`, better)];
    }
  } finally {
    await tried.close();
    await rm(folder, { recursive: true, force: true });
  }
}
