import { createServer, type Server, type ServerOptions } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import websocket, { type WebsocketPluginOptions } from '@fastify/websocket';
import { type FastifyInstance, type FastifyServerOptions, fastify, LogController } from 'fastify';
import type { Registry } from 'prom-client';
import type { Keyring } from '../access/keyring.js';
import type { Links } from '../access/links.js';
import type { Sessions } from '../access/sessions.js';
import type { Tickets } from '../access/tickets.js';
import { Countdown } from '../countdown.js';
import type { Designs } from '../designs/designs.js';
import type { Blobs } from '../engine/blobs.js';
import { streamServerOptions } from '../gateway/ws.js';
import type { Kind } from '../render/kind.js';
import { BudgetMeters } from '../shares/budget-meters.js';
import type { LoopTurns } from '../shares/loop-turns.js';
import type { JobService } from '../work/service.js';
import { type Admission, admit } from './admission/admission.js';
import { checkPermission, createAuthenticationCheck, createOwnerCheck } from './admission/authentication.js';
import { watchBodies } from './admission/body-budget.js';
import { addressTest, createAddressOf } from './admission/client-address.js';
import { createCorsChecks } from './admission/cors.js';
import { createDrainCheck, Draining } from './admission/draining.js';
import { takeTurns } from './admission/fair-turns.js';
import { createHandshakeCheck } from './admission/handshake.js';
import { checkExpectation, checkMessageSize } from './admission/message-size.js';
import { createOrigins } from './admission/origins.js';
import { OwnCalls } from './admission/own-calls.js';
import { createRateChecks, type RateChecks } from './admission/rate-limit.js';
import { createRenderPlaceCheck } from './admission/render-places.js';
import { createRouteCheck, indexRoutes, type RouteIndex } from './admission/route-index.js';
import { SilenceWatch } from './admission/silence.js';
import {
  closeWaitingAnswers,
  createClientErrorAnswer,
  createConnectionCheck,
  createExpectationAnswer,
  type ExcessOf,
  forgiveStandstills,
  type LastConnections,
  limitConnections,
  trackConnections,
} from './admission/sockets.js';
import { checkParameters, tellUnusedBodies } from './admission/unknown-parts.js';
import { sortUpgrades, upgradeTaking } from './admission/upgrades.js';
import { UploadPlaces } from './admission/upload-places.js';
import type { Dialect, DialectParts } from './dialects/dialect.js';
import { DialectRegistry } from './dialects/dialect-registry.js';
import { answerError, handleErrors } from './errors.js';
import { observe } from './observation.js';
import { LongWaits } from './reply/long-waits.js';
import { pathOf } from './reply/problem-reply.js';
import { requestIdOf } from './reply/request-id.js';
import type { StaticFiles } from './reply/static-files.js';
import { addCapabilityRoute, type CapabilityFacts, type CapabilityOptions } from './routes/capabilities.js';
import { keepJsonBodies } from './routes/job-body.js';
import { addMetricsRoute } from './routes/metrics.js';
import { addPageRoutes } from './routes/pages.js';
import { addProbeRoutes } from './routes/probes.js';
import { addSessionRoutes } from './routes/support/session.js';
import { addWebRoutes } from './routes/web.js';
import { FormReader, type FormReaderOptions } from './upload/form-reader.js';
import { createValidatorCompiler } from './validators.js';

/** Bounds of the HTTP side; what each one refuses stands beside the check that applies it. */
export interface HttpLimits {
  /** Of a body: `payload-too-large`. */
  readonly maxBodyBytes: number;
  /** Of bodies that have arrived and are not used yet; an owner may have half of it: `queue-full`. Left out, 512 MiB. */
  readonly bodyBudgetBytes?: number;
  /** Of a body that is a form, and of one file in it: `payload-too-large`. */
  readonly maxUploadBytes: number;
  readonly maxUploadFileBytes: number;
  /** Of what is text in a form: `payload-too-large`. */
  readonly maxFormTextBytes: number;
  /** Forms on their way at one time, of everybody and of one owner: `queue-full`. */
  readonly maxUploads: number;
  readonly maxUploadsPerOwner: number;
  /** For what the parser of forms makes of a body that is there; past it, `malformed-request`. */
  readonly parserTimeoutMs: number;
  /** Requests per minute for one key and for one address; 0 is no limit. */
  readonly ratePerKey: number;
  readonly ratePerIp: number;
  /** Open at one time from one address; 0 is no limit. */
  readonly connectionsPerIp: number;
  /** Of `/render` and the PDF tools: `request-timeout`. */
  readonly renderTimeoutMs: number;
  /** For the header fields, and for the whole request: 408. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /**
   * Held answers (`Prefer: wait`, long-polls) at one time; past it those of the owner with most are answered at once, its
   * further long-polls refused.
   */
  readonly maxHeldRequests: number;
  /**
   * From the beginning of the drain on, idle connections stay for so long, at least: a request that is on its way gets
   * its answer, with `connection: close`. Left out, half a second.
   */
  readonly closeGraceMs?: number;
  /** After `close` was called and that grace is over, what is still open then is cut off. */
  readonly closeTimeoutMs: number;
}

export interface HttpServerOptions {
  readonly service: JobService;
  readonly designs: Designs;
  readonly links: Links;
  readonly keyring: Keyring;
  readonly tickets: Tickets;
  readonly sessions: Sessions;
  /** The first is the server's own. */
  readonly dialects: readonly Dialect[];
  readonly kinds: readonly Kind[];
  readonly library: DialectParts['library'];
  readonly store: DialectParts['store'];
  readonly onFact: DialectParts['onFact'];
  /** Where uploads are written aside. */
  readonly blobs: Pick<Blobs, 'aside' | 'discard'>;
  readonly onKind?: FormReaderOptions['onKind'];
  readonly onFormBytes?: FormReaderOptions['onBytes'];
  readonly capabilities: CapabilityFacts;
  readonly survey: CapabilityOptions['survey'];
  readonly limits: HttpLimits;
  /** Of requests with the other work of the event loop. */
  readonly turns: LoopTurns;
  /** `*` is every origin. */
  readonly corsOrigins: readonly string[];
  /** Addresses and CIDR blocks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly metricsOpen: boolean;
  /** For a node that only runs jobs: it answers probes and `/metrics`, and knows no other address. */
  readonly probesOnly: boolean;
  /** The live page and the client for browsers; empty where they were not built. */
  readonly web: StaticFiles;
  readonly logger: false | { readonly level: string; readonly stream: { write(line: string): void } };
  readonly registry: Registry;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Processes that answer callers, this one among them: they share the rate limits. */
  readonly gateways: () => number;
  /** So many milliseconds of late the process stood. */
  readonly stoodMs: () => number;
  /** @returns whether an error is one of the storage of which the log tells by itself */
  readonly noteFault: (error: unknown) => boolean;
  readonly startedAt: number;
}

export interface HttpServer {
  /** For routes that are added before `listen`; the checks of admission are for them, too. */
  readonly app: FastifyInstance;
  /** For routes that hold answers back, or that have to know that the end is near. */
  readonly longWaits: LongWaits;
  readonly draining: Draining;
  readonly turns: LoopTurns;
  /** Figures of what owners share; other parts may add theirs. */
  readonly budgets: BudgetMeters;
  /** For requests of the server itself. */
  readonly own: OwnCalls;
  /** Where it listens, as `http://host:port`. */
  listen(host: string, port: number): Promise<string>;
  /** Refuses new work and ends held answers; everything else goes on. Safe twice. */
  drain(): void;
  /** Drains, lets answers end and closes. Safe twice, and before `listen`. */
  close(): Promise<void>;
}

const maxHeaderSize = 16 * 1024;
/** Long enough for a slow line, and for a form whose disk has a bad moment. */
const silence = { silentMs: 30_000, leastBytes: 8 * 1024 };
const closeGraceMs = 500;
/** For a connection that is one too many to say what it wants. */
const excessPatienceMs = 2_000;
const bodyBudgetBytes = 512 * 1024 * 1024;

export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { limits } = options;
  const isProxy = addressTest(options.trustedProxies);
  const addressOf = createAddressOf(isProxy);
  const dialects = new DialectRegistry(options.dialects);
  const app = fastify(fastifyOptions(options, dialects));
  const own = new OwnCalls(app.server);
  const draining = new Draining();
  const longWaits = new LongWaits(limits.maxHeldRequests, (keyId) => options.keyring.holds(keyId));
  const rate = { perIp: limits.ratePerIp, perKey: limits.ratePerKey };
  const rates = createRateChecks(rate, options.clock, options.gateways);

  const last = trackConnections(app.server);
  closeWaitingAnswers(app.server);
  forgiveStandstills(app.server, options.stoodMs);
  new SilenceWatch(app.server, silence, options.registry);
  const patienceMs = Math.min(excessPatienceMs, limits.headersTimeoutMs);
  const connections = { perIp: limits.connectionsPerIp, exempt: isProxy, patienceMs };
  const excess = limitConnections(app.server, connections, dialects.writeRefusal);
  // Without a listener Node would ask for the body at once, before the caller is known.
  app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response));
  app.server.on('checkExpectation', createExpectationAnswer(dialects.writeRefusal));
  // Node ignores header fields past this number, but its framing does not: a `Content-Length` that it does not report
  // would be lost where a request is passed on. `maxHeaderSize` is the bound instead.
  app.server.maxHeadersCount = 0;

  app.decorate('writeRefusal', dialects.writeRefusal);
  app.decorate('noteFault', options.noteFault);
  app.setValidatorCompiler(createValidatorCompiler());
  app.setSerializerCompiler(() => JSON.stringify);
  keepJsonBodies(app);
  handleErrors(app);
  const index = indexRoutes(app);
  const places = new UploadPlaces(limits);
  const { blobs, onKind, onFormBytes: onBytes } = options;
  const forms = new FormReader({ limits, places, blobs, onKind, onBytes });
  // First of all hooks: it says which requests are handshakes.
  await acceptHandshakes(app, index);
  const parts = { index, dialects, draining, rates, excess, places, own };
  admit(app, { ...admissionOf(options, parts), addressOf });
  tellUnusedBodies(app);
  takeTurns(app, options.turns);
  const bodyShare = Math.max((limits.bodyBudgetBytes ?? bodyBudgetBytes) / 2, limits.maxBodyBytes);
  const bodies = watchBodies(app, { total: 2 * bodyShare, perOwner: bodyShare });
  const budgets = new BudgetMeters(options.registry);
  budgets.add('bodies', bodies);
  budgets.add('uploads', places.shares);
  budgets.add('held', longWaits.shares);
  observe(app, options.registry, longWaits, own);
  addServerRoutes(app, options, { index, dialects, draining });
  if (!options.probesOnly)
    await dialects.mount(app, { ...options, longWaits, forms, renderTimeoutMs: limits.renderTimeoutMs });

  const drain = () => {
    draining.start();
    longWaits.end();
  };
  let closing: Promise<void> | undefined;
  return {
    app,
    longWaits,
    draining,
    turns: options.turns,
    budgets,
    own,
    listen: (host, port) => app.listen({ host, port }),
    drain,
    close() {
      drain();
      const graceEndsAt = draining.startedAt + (limits.closeGraceMs ?? closeGraceMs);
      closing ??= closeGently(app, last, graceEndsAt, limits.closeTimeoutMs);
      return closing;
    },
  };
}

/** Handshakes of WebSockets become requests, which pass all checks; the route then opens the WebSocket. */
async function acceptHandshakes(app: FastifyInstance, index: RouteIndex): Promise<void> {
  // Never listens: it stands for the server, so that handshakes alone reach the plugin.
  const handshakes = createServer();
  // The gateway ends its sockets itself, in its own time.
  const preClose = (done: () => void): void => done();
  // The plugin goes by the declarations for CommonJS, where the class of a socket has all of `ws` as its members.
  const options = {
    ...streamServerOptions,
    server: handshakes,
  } as Required<WebsocketPluginOptions>['options'];
  await app.register(websocket, { options, preClose });
  sortUpgrades(app.server, handshakes, index.takesHandshakes);
}

interface Parts {
  readonly index: RouteIndex;
  readonly dialects: DialectRegistry;
  readonly draining: Draining;
}

interface AdmissionParts extends Parts {
  readonly rates: RateChecks;
  readonly excess: ExcessOf;
  readonly places: UploadPlaces;
  readonly own: OwnCalls;
}

/** The order is the contract's; the request id comes before all of them. */
function admissionOf(
  options: HttpServerOptions,
  { index, dialects, draining, rates, excess, places, own }: AdmissionParts,
): Omit<Admission, 'addressOf'> {
  const { keyring, tickets, sessions, corsOrigins } = options;
  const onFailure = rates.checkIp;
  const origins = createOrigins(corsOrigins, () => keyring.open);
  const cors = createCorsChecks(origins, index, dialects);
  const identifying = [
    cors.mark,
    createConnectionCheck(excess),
    checkMessageSize,
    cors.options,
    createHandshakeCheck(origins),
    createAuthenticationCheck({ keyring, tickets, sessions, dialects, origins, own, onFailure }),
  ];
  const inTurn = [
    createOwnerCheck(dialects),
    checkPermission,
    rates.check,
    createRouteCheck(index),
    checkParameters,
    createDrainCheck(draining),
    createRenderPlaceCheck(options.service.syncRenderer),
    places.check,
    checkExpectation,
  ];
  return { identifying, inTurn, turns: options.turns };
}

/** What belongs to no dialect: probes, figures, documentation, the page. */
function addServerRoutes(
  app: FastifyInstance,
  options: HttpServerOptions,
  { index, dialects, draining }: Parts,
): void {
  const { service, keyring, clock, startedAt, version, capabilities: facts } = options;
  addProbeRoutes(app, { readiness: service.readiness, draining, version, clock, startedAt });
  addMetricsRoute(app, options.registry, options.metricsOpen);
  if (options.probesOnly) return;
  const { survey } = options;
  addCapabilityRoute(app, { facts, dialects: dialects.names, isOpen: () => keyring.open, survey });
  addSessionRoutes(app, options.sessions);
  addPageRoutes(app, index, dialects, version);
  addWebRoutes(app, { files: options.web, version });
}

function fastifyOptions(
  options: HttpServerOptions,
  { writeRefusal }: DialectRegistry,
): FastifyServerOptions & { http: ServerOptions } {
  const { limits } = options;
  return {
    bodyLimit: limits.maxBodyBytes,
    routerOptions: { maxParamLength: 2_100 }, // The longest is the token of a link (`Links.read`).
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    forceCloseConnections: 'idle',
    // Our own check refuses what must be refused, as a problem.
    return503OnClosing: false,
    genReqId: (request) => requestIdOf(request.headers),
    requestIdHeader: false,
    logger:
      options.logger === false
        ? false
        : {
            level: options.logger.level,
            stream: options.logger.stream,
            serializers: { req: (request) => ({ method: request.method, path: pathOf(request.url) }) },
          },
    logController: new LogController({ disableRequestLogging: true }),
    // A child logger for each request would be made for nothing: lines name their request.
    childLoggerFactory: (logger) => logger,
    clientErrorHandler: createClientErrorAnswer(writeRefusal),
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
    http: {
      maxHeaderSize,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs, limits.requestTimeoutMs),
      // Checked with the other sizes and shapes of a message, so that the refusal is a problem.
      requireHostHeader: false,
      ...upgradeTaking,
    },
  };
}

const idleCheckMs = 50;

/**
 * Node closes connections that are idle when the server closes, but not those that become so later.
 * @param graceEndsAt `performance.now()` until which idle connections stay, because a request may be on its way
 */
async function closeGently(
  app: FastifyInstance,
  { closeSilent, closeAll }: LastConnections,
  graceEndsAt: number,
  timeoutMs: number,
): Promise<void> {
  while (performance.now() < graceEndsAt && (await countConnections(app.server)) > 0)
    await pause(idleCheckMs);
  const idle = setInterval(() => {
    app.server.closeIdleConnections();
    closeSilent();
  }, idleCheckMs);
  const cut = new Countdown(timeoutMs, closeAll);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    cut.clear();
  }
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error ? 0 : count)));
}
