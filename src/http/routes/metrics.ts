import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { RouteDocs } from '../docs/route-docs.js';

const docs: RouteDocs = {
  id: 'metrics',
  tag: 'server',
  summary: 'Figures for Prometheus',
  answers: { '200': { description: 'Text exposition format', content: { 'text/plain': null } } },
};

/** @param open without a key; otherwise one with the scope `metrics` is needed */
export function addMetricsRoute(app: FastifyInstance, registry: Registry, open: boolean): void {
  app.get('/metrics', { config: { access: open ? 'public' : 'metrics', docs } }, async (_request, reply) => {
    const text = await registry.metrics();
    return reply.header('content-type', registry.contentType).header('cache-control', 'no-store').send(text);
  });
}
