import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { openWorkRig } from '../helpers/work-rig.js';

it('says what is not ready by the code of its failure, which names no file of the server', async () => {
  const rig = await openWorkRig();
  expect(await rig.service.readiness.check()).toMatchObject({
    ready: true,
    checks: { store: 'ok', blobs: 'ok' },
  });
  await rm(dirname(rig.engine.blobs.aside()), { recursive: true });
  expect(await rig.service.readiness.check()).toMatchObject({
    ready: false,
    checks: { store: 'ok', blobs: 'ENOENT' },
  });
  await rig.close();
});
