import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { PartsReadiness } from '../../src/work/readiness.js';
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

it('names an outage that its own probes do not meet', async () => {
  const rig = await openWorkRig();
  const { engine, pool } = rig;
  const unready = new PartsReadiness(engine, pool, { reason: 'ENOSPC' });
  expect(await unready.check()).toEqual({
    ready: false,
    checks: { store: 'ok', blobs: 'ok', storage: 'ENOSPC', render_pool: 'ok' },
  });
  await rig.close();
});

it('says that the fan-out is away, and takes work all the same', async () => {
  const rig = await openWorkRig();
  const { engine, pool } = rig;
  const checksOf = async (isFanned: boolean | undefined) => {
    const { ready, checks } = await new PartsReadiness(
      engine,
      pool,
      { reason: undefined },
      () => isFanned,
    ).check();
    expect(ready).toBe(true);
    return checks.fanout;
  };
  expect(await checksOf(undefined)).toBe(undefined);
  expect(await checksOf(true)).toBe('ok');
  expect(await checksOf(false)).toMatch(/^away/);
  await rig.close();
});
