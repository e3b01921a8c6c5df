import type { FastifyReply } from 'fastify';

/**
 * Whether an `Accept` header (RFC 9110, 12.5.1) prefers `candidate` to `standard`. Wildcards favour neither, so that a
 * caller that does not ask for another one gets the standard answer.
 */
export function prefers(header: string | undefined, candidate: string, standard: string): boolean {
  if (header === undefined) return false;
  const weights = weightsOf(header);
  return (weights.get(candidate) ?? 0) > (weights.get(standard) ?? 0);
}

/** The weights of a header that lists what its sender takes (RFC 9110, 12.4.2), by lower-case name. */
export function weightsOf(header: string | string[] | undefined): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const part of String(header ?? '')
    .toLowerCase()
    .split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const quality = Number(parameters.find((text) => text.startsWith('q='))?.slice(2) ?? 1);
    if (name !== '' && !weights.has(name)) weights.set(name, Number.isFinite(quality) ? quality : 0);
  }
  return weights;
}

/** No answer is held for longer than this. */
export const maxWaitSeconds = 60;

/**
 * Seconds in `Prefer: wait=N` (RFC 7240), at most `maxWaitSeconds`, which `wait` alone stands for. Undefined when
 * there is no such preference or it cannot be read: a preference may always be ignored.
 */
export function readWait(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  for (const preference of String(header).split(',')) {
    const [, value] = /^\s*wait\s*(?:=\s*"?(\d{1,9})"?\s*)?(?:;.*)?$/i.exec(preference) ?? [];
    if (value !== undefined) return Math.min(Number(value), maxWaitSeconds);
    if (/^\s*wait\s*(;.*)?$/i.test(preference)) return maxWaitSeconds;
  }
  return undefined;
}

/**
 * Whether `Prefer: handling=strict` (RFC 7240, 4.4) asks for a refusal where the answer would have a warning otherwise.
 */
export function prefersStrict(header: string | string[] | undefined): boolean {
  if (header === undefined) return false;
  const handlings = String(header)
    .split(',')
    .flatMap(
      (preference) => /^\s*handling\s*=\s*"?(strict|lenient)"?\s*(?:;.*)?$/i.exec(preference)?.[1] ?? [],
    );
  // The first one counts, as everywhere where a preference is there twice.
  return handlings[0]?.toLowerCase() === 'strict';
}

/** Says that a preference was heard. */
export function noteApplied(reply: FastifyReply, preference: string): void {
  const current = reply.getHeader('preference-applied');
  reply.header(
    'preference-applied',
    current === undefined ? preference : `${String(current)}, ${preference}`,
  );
}

/** Adds a request field that the answer depends on; what is said already stays. */
export function vary(reply: FastifyReply, field: string): void {
  const current = reply.getHeader('vary');
  reply.header('vary', current === undefined ? field : `${String(current)}, ${field}`);
}
