import { EventEmitter } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { createBodyBudget } from '../../src/http/admission/body-budget.js';

const mib = 1024 * 1024;

describe('budget of request bodies', () => {
  const check = createBodyBudget(10 * mib, 8 * mib);
  const send = (headers: Record<string, string>) => {
    const raw = new EventEmitter();
    const request = { raw: { headers } } as unknown as FastifyRequest;
    const refusal = check(request, { raw } as unknown as FastifyReply, { config: {} } as never);
    return { refusal, end: () => raw.emit('close') };
  };
  const sized = (bytes: number) => send({ 'content-length': String(bytes) });

  it('counts large bodies until they are answered, and refuses what does not fit', () => {
    const first = sized(6 * mib);
    expect(first.refusal).toBe(undefined);
    expect(sized(5 * mib).refusal).toMatchObject({ slug: 'queue-full', retryAfter: 2 });
    expect(sized(10_000).refusal).toBe(undefined);
    first.end();
    const second = sized(5 * mib);
    expect(second.refusal).toBe(undefined);
    second.end();
  });

  it('counts a body of unknown length as the largest that is allowed', () => {
    const chunked = send({ 'transfer-encoding': 'chunked' });
    expect(chunked.refusal).toBe(undefined);
    expect(sized(3 * mib).refusal).toMatchObject({ slug: 'queue-full' });
    chunked.end();
    expect(sized(3 * mib).refusal).toBe(undefined);
  });
});
