import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Readiness } from '../../work/service.js';
import type { Draining } from '../admission/draining.js';
import { json, type RouteDocs } from '../docs/route-docs.js';

export interface ProbeOptions {
  readonly readiness: Readiness;
  readonly draining: Draining;
  readonly version: string;
  readonly clock: () => number;
  readonly startedAt: number;
}

const checks = Type.Record(Type.String(), Type.String());
const health = Type.Object({
  status: Type.Literal('ok'),
  version: Type.String(),
  uptime_seconds: Type.Number(),
});
const readiness = Type.Object({
  status: Type.Unsafe<string>({ type: 'string', enum: ['ready', 'unready'] }),
  checks,
});

const healthDocs: RouteDocs = {
  id: 'healthz',
  tag: 'server',
  summary: 'Whether the process lives',
  answers: { '200': { description: 'It does', content: { [json]: health } } },
  problems: ['malformed-request'],
};
const readyDocs: RouteDocs = {
  id: 'readyz',
  tag: 'server',
  summary: 'Whether new work is taken',
  answers: {
    '200': { description: 'It is', content: { [json]: readiness } },
    '503': { description: 'It is not: failing checks with their reasons', content: { [json]: readiness } },
  },
  problems: ['malformed-request'],
};

/** For load balancers and orchestrators: no key, no envelope, no rate limit. */
export function addProbeRoutes(app: FastifyInstance, options: ProbeOptions): void {
  const { readiness, draining, version, clock, startedAt } = options;
  const open = { access: 'public', unlimited: true } as const;

  app.get('/healthz', { config: { ...open, docs: healthDocs } }, (_request, reply) => {
    const uptime = Math.max(0, Math.round((clock() - startedAt) / 1000));
    return reply.header('cache-control', 'no-store').send({ status: 'ok', version, uptime_seconds: uptime });
  });

  app.get('/readyz', { config: { ...open, docs: readyDocs } }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    if (draining.started) {
      return reply.code(503).send({ status: 'unready', checks: { server: 'shutting down' } });
    }
    try {
      const { ready, checks } = await readiness.check();
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'unready', checks });
    } catch (error) {
      request.log.error({ request_id: request.id, err: error }, 'the readiness check failed');
      return reply.code(503).send({ status: 'unready', checks: { server: 'the check failed' } });
    }
  });
}
