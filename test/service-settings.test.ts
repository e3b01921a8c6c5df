import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../src/config.js';
import type { Engine } from '../src/engine/engine.js';
import { MemoryState } from '../src/engine/memory/memory-engine.js';
import { agreedConfig, settingsOf } from '../src/service-settings.js';

const start = 1_800_000_000_000;

function configOf(variables: Readonly<Record<string, string>>): Config {
  const read = readConfig(variables, () => '');
  if (!read.ok) throw new Error(read.defects.join());
  return read.config;
}

describe('the settings that nodes have in common', () => {
  let engine: Engine;
  beforeEach(async () => {
    const { fairness } = settingsOf(configOf({}));
    engine = await MemoryState.shared({ fairness }).open({});
  });
  afterEach(() => engine.close());

  const agree = (config: Config, worker: string, now = start) =>
    agreedConfig(config, engine.store, { worker, now, until: now + 3_000 });

  it('are those of a server that is alone, as it was started', async () => {
    const first = configOf({ INKWIRE_MAX_PENDING: '7' });
    expect(await agree(first, 'w1')).toEqual({ config: first, overruled: [] });
    const restarted = configOf({ INKWIRE_MAX_PENDING: '8', INKWIRE_LOG_TTL: '90' });
    await engine.store.leave('w1');
    expect(await agree(restarted, 'w2')).toEqual({ config: restarted, overruled: [] });
  });

  it('are those of the others where there are some, and it says which of its own do not hold', async () => {
    await agree(configOf({ INKWIRE_MAX_PENDING: '7', INKWIRE_LOG_TTL: '60' }), 'w1');
    const second = configOf({
      INKWIRE_MAX_PENDING: '8',
      INKWIRE_LOG_TTL: '60',
      INKWIRE_MAX_RUNNING_PER_OWNER: '3',
      INKWIRE_PORT: '9',
    });
    const { config, overruled } = await agree(second, 'w2');
    expect(config).toEqual({ ...second, maxPending: 7, maxRunningPerOwner: 64 });
    expect(overruled).toEqual([
      { variable: 'INKWIRE_MAX_RUNNING_PER_OWNER', here: 3, holds: 64 },
      { variable: 'INKWIRE_MAX_PENDING', here: 8, holds: 7 },
    ]);
    const alone = await agree(second, 'w2', start + 3_000);
    expect(alone).toEqual({ config: second, overruled: [] });
  });
});
