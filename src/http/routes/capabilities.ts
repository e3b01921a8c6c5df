import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { Countdown } from '../../countdown.js';
import type { ProgramSurvey } from '../../render/program-survey.js';
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
          program_versions: Type.Optional(
            Type.Record(Type.String(), Type.String(), {
              description:
                'What each program that works says of its version, by its name. Left out until all programs have said it',
            }),
          ),
          missing_fonts: Type.Optional(
            Type.Array(Type.String(), {
              description:
                'Families, and languages, that office documents are written in and no font of this server stands for: their lines break elsewhere. Left out until all programs have said it',
            }),
          ),
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
  /** Runs each program, at the first call. Never rejects. */
  readonly survey: () => Promise<ProgramSurvey>;
}

/** LibreOffice takes a second to say what it is, and the live page asks before its first view: who asks later is told. */
const surveyMs = 100;

/** A caller without a key finds out here whether it needs one: the answer is then 401. */
export function addCapabilityRoute(
  app: FastifyInstance,
  { facts, dialects, isOpen, survey }: CapabilityOptions,
): void {
  const capabilities = facts.capabilities.map(({ name, enabled }) => ({ name, tier: 'core', enabled }));
  const texts = {
    none: JSON.stringify({ auth: 'none', ...facts, capabilities, dialects }),
    key: JSON.stringify({ auth: 'key', ...facts, capabilities, dialects }),
  };
  app.get('/api/v1/capabilities', { config: { access: 'any', docs } }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const { caller } = request;
    if (caller === undefined) throw new Error('the route is not public');
    const { owner, keyId, scopes } = caller;
    const text = isOpen() ? texts.none : texts.key;
    const more = { ...(await surveyed(survey)), caller: { owner, key_id: keyId, scopes } };
    return sendEnvelope(request, reply, `${text.slice(0, -1)},${JSON.stringify(more).slice(1)}`);
  });
}

async function surveyed(survey: () => Promise<ProgramSurvey>): Promise<object> {
  let tooLate: Countdown | undefined;
  const late = new Promise<undefined>((resolve) => {
    tooLate = new Countdown(surveyMs, () => resolve(undefined));
  });
  const found = await Promise.race([survey(), late]);
  tooLate?.clear();
  if (found === undefined) return {};
  const works = found.programs.filter(({ state }) => state === 'works');
  return {
    program_versions: Object.fromEntries(works.map(({ name, version }) => [name, version])),
    missing_fonts: found.missingFonts.map(({ name }) => name),
  };
}
