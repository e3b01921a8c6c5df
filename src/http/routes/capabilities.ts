import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelopeOf } from '../docs/schemas.js';
import { sendEnvelope } from '../reply/envelope.js';

/** What this server can do, as `GET /api/v1/capabilities` returns it. */
export interface CapabilityFacts {
  readonly capabilities: readonly { readonly name: string; readonly enabled: boolean }[];
  /** Operations of a document. */
  readonly operations: readonly string[];
  readonly fonts: readonly object[];
  /** What stands between external programs and the machine. */
  readonly program_guard: 'bubblewrap' | 'unshare' | 'none: refused' | 'none: allowed';
  /** Whether each external program that some kind calls is installed, by its name. */
  readonly programs: Readonly<Record<string, boolean>>;
  /** Bounds by name, in the unit that the name ends with. */
  readonly limits: Readonly<Record<string, number>>;
}

const docs: RouteDocs = {
  id: 'capabilities',
  tag: 'server',
  summary: 'What this server can do',
  answers: {
    '200': {
      description:
        'Whether keys are needed, capabilities, operations, fonts, dialects, the guard of external programs, which are there, limits, and what the caller may do',
      content: {
        [json]: envelopeOf({
          auth: Type.Unsafe<string>({
            type: 'string',
            enum: ['none', 'key'],
            description: '`none`: development mode, everybody on this machine may use the server',
          }),
          capabilities: Type.Array(
            Type.Object({ name: Type.String(), tier: Type.Literal('core'), enabled: Type.Boolean() }),
          ),
          operations: Type.Array(Type.String()),
          fonts: Type.Array(Type.Object({ family: Type.String() })),
          dialects: Type.Array(Type.String()),
          program_guard: Type.Unsafe<string>({
            type: 'string',
            enum: ['bubblewrap', 'unshare', 'none: refused', 'none: allowed'],
            description:
              'The sandbox of external programs; `none: refused`: what needs one is refused, `none: allowed`: the operator lets them run without',
          }),
          programs: Type.Record(Type.String(), Type.Boolean(), {
            description:
              'External programs, and whether they are installed: `soffice` for office and text documents, `ffmpeg` and `ffprobe` for videos',
          }),
          limits: Type.Record(Type.String(), Type.Number()),
          caller: Type.Object(
            {
              owner: Type.String(),
              key_id: Type.String({ description: 'As `inkwire keys list` names it' }),
              scopes: Type.Array(Type.String(), { description: '`*` is every scope' }),
            },
            { description: 'Who asks, by its key, and what it may do' },
          ),
        }),
      },
    },
  },
};

export interface CapabilityOptions {
  readonly facts: CapabilityFacts;
  readonly dialects: readonly string[];
  /** Whether the server is used without keys just now. */
  readonly isOpen: () => boolean;
}

/** A caller without a key finds out here whether it needs one: the answer is then 401. */
export function addCapabilityRoute(
  app: FastifyInstance,
  { facts, dialects, isOpen }: CapabilityOptions,
): void {
  const capabilities = facts.capabilities.map(({ name, enabled }) => ({ name, tier: 'core', enabled }));
  const texts = {
    none: JSON.stringify({ auth: 'none', ...facts, capabilities, dialects }),
    key: JSON.stringify({ auth: 'key', ...facts, capabilities, dialects }),
  };
  app.get('/api/v1/capabilities', { config: { access: 'any', docs } }, (request, reply) => {
    reply.header('cache-control', 'no-store');
    const { caller } = request;
    if (caller === undefined) throw new Error('the route is not public');
    const { owner, keyId, scopes } = caller;
    const text = isOpen() ? texts.none : texts.key;
    const who = JSON.stringify({ owner, key_id: keyId, scopes });
    return sendEnvelope(request, reply, `${text.slice(0, -1)},"caller":${who}}`);
  });
}
