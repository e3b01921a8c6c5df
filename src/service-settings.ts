import { type Config, variableOf } from './config.js';
import type { Store } from './engine/engine.js';
import type { ServiceSettings } from './engine/settings.js';

const shared = [
  'maxRunningPerOwner',
  'maxPending',
  'maxPendingPerOwner',
  'recordTtlMs',
  'logTtlMs',
  'logMaxFacts',
] as const satisfies readonly (keyof Config)[];

/** An option that holds for the service in another way than this node was started with. */
export interface Overruled {
  readonly variable: string;
  /** In the unit of the configuration's member: milliseconds for times. */
  readonly here: number;
  readonly holds: number;
}

/**
 * Agrees with the other nodes on what they have to have in common.
 * @returns the configuration with the settings that hold, and what is different in it
 */
export async function agreedConfig(
  config: Config,
  store: Store,
  presence: { readonly worker: string; readonly until: number; readonly now: number },
): Promise<{ readonly config: Config; readonly overruled: readonly Overruled[] }> {
  const { fairness, limits, retention } = await store.agree({ ...presence, settings: settingsOf(config) });
  const { maxRunningPerOwner } = fairness;
  const agreed = { ...config, maxRunningPerOwner, ...limits, ...retention };
  const overruled = shared
    .filter((member) => agreed[member] !== config[member])
    .map((member) => ({ variable: variableOf(member), here: config[member], holds: agreed[member] }));
  return { config: agreed, overruled };
}

export function settingsOf(config: Config): ServiceSettings {
  const { maxRunningPerOwner, maxPending, maxPendingPerOwner, recordTtlMs, logTtlMs, logMaxFacts } = config;
  return {
    fairness: { maxRunningPerOwner, weights: {} },
    limits: { maxPending, maxPendingPerOwner },
    retention: { recordTtlMs, logTtlMs, logMaxFacts },
  };
}
