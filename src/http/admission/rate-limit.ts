import type { FastifyReply } from 'fastify';
import { type Problem, problem } from '../../protocol/problem.js';
import type { Check } from './admission.js';
import { RateTable, type RateVerdict } from './gcra.js';

/** Requests per minute; 0 turns a limit off. */
export interface RateLimits {
  readonly perIp: number;
  readonly perKey: number;
}

/** Some 10 MB at most for each of the two tables. */
const maxCallers = 100_000;
const periodMs = 60_000;

export interface RateChecks {
  /** For every request: the address first, then the key. */
  readonly check: Check;
  /** For a request whose key is wrong: the address alone, so that keys cannot be guessed without end. */
  readonly checkIp: Check;
}

/**
 * @param clock milliseconds
 * @param gateways that share the limits
 */
export function createRateChecks(
  limits: RateLimits,
  clock: () => number,
  gateways: () => number,
): RateChecks {
  const ip = limit('ip', limits.perIp);
  const key = limit('key', limits.perKey);
  const checkIp: Check = (request, reply, route) => {
    if (ip === undefined || route.config.unlimited === true) return undefined;
    const verdict = ip.table.take(request.address, clock(), gateways());
    if (request.caller === undefined || key === undefined || !verdict.allowed) tell(reply, ip, verdict);
    return refusal(ip, verdict);
  };
  const checkKey: Check = (request, reply, route) => {
    if (key === undefined || request.caller === undefined || route.config.unlimited === true)
      return undefined;
    const verdict = key.table.take(request.caller.keyId, clock(), gateways());
    tell(reply, key, verdict);
    return refusal(key, verdict);
  };
  return {
    check: (request, reply, route) => checkIp(request, reply, route) ?? checkKey(request, reply, route),
    checkIp,
  };
}

interface Limit {
  readonly table: RateTable;
  readonly name: 'ip' | 'key';
  readonly quota: string;
  readonly policy: string;
}

function limit(name: Limit['name'], perMinute: number): Limit | undefined {
  if (perMinute === 0) return undefined;
  const table = new RateTable({ limit: perMinute, periodMs }, maxCallers);
  return { table, name, quota: String(perMinute), policy: `"${name}";q=${perMinute};w=${periodMs / 1000}` };
}

/** `RateLimit` fields of draft-ietf-httpapi-ratelimit-headers-10, and the older ones that clients know. */
function tell(reply: FastifyReply, { name, quota, policy }: Limit, verdict: RateVerdict): void {
  const reset = Math.ceil(verdict.resetMs / 1000);
  reply
    .header('ratelimit-policy', policy)
    .header('ratelimit', `"${name}";r=${verdict.remaining};t=${reset}`)
    .header('x-ratelimit-limit', quota)
    .header('x-ratelimit-remaining', String(verdict.remaining))
    .header('x-ratelimit-reset', String(reset));
}

function refusal({ name, quota }: Limit, verdict: RateVerdict): Problem | undefined {
  if (verdict.allowed) return undefined;
  const retryAfter = Math.max(1, Math.ceil(verdict.retryMs / 1000));
  const detail = `The limit is ${quota} requests per minute. Wait for ${retryAfter} s.`;
  return problem(name === 'ip' ? 'ip-rate-exceeded' : 'client-rate-exceeded', detail, { retryAfter });
}
