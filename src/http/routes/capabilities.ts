import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { sendEnvelope } from '../envelope.js';
import { json, type RouteDocs } from '../route-docs.js';
import { envelopeOf } from '../schemas.js';

/** What this server can do, as `GET /api/v1/capabilities` tells it. */
export interface CapabilityFacts {
  readonly capabilities: readonly { readonly name: string; readonly enabled: boolean }[];
  /** Operations of a document. */
  readonly operations: readonly string[];
  readonly fonts: readonly object[];
  readonly dialects: readonly string[];
  /** Bounds by name, in the unit that the name ends with. */
  readonly limits: Readonly<Record<string, number>>;
}

const docs: RouteDocs = {
  id: 'capabilities',
  tag: 'server',
  summary: 'What this server can do',
  answers: {
    '200': {
      description: 'Capabilities, operations, fonts, dialects and limits',
      content: {
        [json]: envelopeOf({
          capabilities: Type.Array(
            Type.Object({ name: Type.String(), tier: Type.Literal('core'), enabled: Type.Boolean() }),
          ),
          operations: Type.Array(Type.String()),
          fonts: Type.Array(Type.Object({ family: Type.String() })),
          dialects: Type.Array(Type.String()),
          limits: Type.Record(Type.String(), Type.Number()),
        }),
      },
    },
  },
};

export function addCapabilityRoute(app: FastifyInstance, facts: CapabilityFacts): void {
  const capabilities = facts.capabilities.map(({ name, enabled }) => ({ name, tier: 'core', enabled }));
  const text = JSON.stringify({ ...facts, capabilities });
  app.get('/api/v1/capabilities', { config: { access: 'any', docs } }, (request, reply) =>
    sendEnvelope(request, reply, text),
  );
}
