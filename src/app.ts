import { randomBytes } from 'node:crypto';
import { nanoid } from 'nanoid';
import type { Logger } from 'pino';
import { type Keyring, openKeyring } from './access/keyring.js';
import { anonymousOwner, startModeOf } from './access/keys.js';
import { Links } from './access/links.js';
import { Sessions } from './access/sessions.js';
import { Tickets } from './access/tickets.js';
import { CloseStack } from './close-stack.js';
import type { Config } from './config.js';
import { Designs } from './designs/designs.js';
import { readShippedDesigns } from './designs/shipped-designs.js';
import { KnownThemes } from './designs/themes.js';
import type { Engine } from './engine/engine.js';
import { createFetchGuard } from './fetch/fetch-guard.js';
import { Follower } from './follow/follower.js';
import { rehearseRequests } from './front-rehearsal.js';
import { createDialects } from './http/dialects/dialects.js';
import { mountPush } from './http/push.js';
import { readStaticFiles } from './http/reply/static-files.js';
import { addWebhookRoutes } from './http/routes/webhooks/webhooks.js';
import { openIdleHeap } from './idle-heap.js';
import { beginOpening, type Opening, StartRefused } from './opening.js';
import { measureProcess } from './process-meters.js';
import type { KindSet } from './render/kind.js';
import { readDesign } from './render/kinds/kinds.js';
import {
  kindBounds,
  kindSetWithin,
  makePictures,
  makePrograms,
  measurePrograms,
  programSurvey,
  startPool,
} from './rendering.js';
import { agreedConfig } from './service-settings.js';
import { openHttp } from './serving.js';
import { LoopTurns } from './shares/loop-turns.js';
import { openGateway, streamTail } from './streaming.js';
import { mountSupport } from './supporting.js';
import { openWebhooks } from './webhooks/open-webhooks.js';
import type { BulkRunner } from './work/bulk.js';
import { Meters } from './work/meters.js';
import { Outages } from './work/outages.js';
import { noticeOf, type Pause, QueuePause } from './work/queue-pause.js';
import { JobReader } from './work/reader.js';
import { PartsReadiness } from './work/readiness.js';
import { JobRemover } from './work/remover.js';
import { PageViewer } from './work/run/page-viewer.js';
import { presenceMs } from './work/run/presence.js';
import { Runner } from './work/run/runner.js';
import { Sweeper } from './work/run/sweeper.js';
import { SyncRenderer } from './work/run/sync-renderer.js';
import type { JobService } from './work/service.js';
import { BodyReader } from './work/submit/body-reader.js';
import { JobSubmitter } from './work/submit/submitter.js';
import type { OpenTracing } from './work/tracing.js';
import { openYoungBuffers } from './young-buffers.js';

export interface AppOptions {
  readonly config: Config;
  readonly version: string;
  readonly log: Logger;
  /** Where log lines of the HTTP side go, too. */
  readonly logStream: { write(line: string): void };
  /**
   * Folder of the compiled threads, with what is shipped. Needed when this file is not in it: as TypeScript, which a worker
   * cannot load, or in a bundle.
   */
  readonly threads?: URL;
  /** In the place of the kinds of the registry. */
  readonly kinds?: KindSet;
  readonly tracing?: OpenTracing | undefined;
  /** What has begun before this program was loaded. */
  readonly opening?: Opening;
}

export interface App {
  /** `http://host:port` */
  readonly url: string;
  /** True when any program on this machine may use the server, because no key exists. */
  readonly development: boolean;
  /** True when there are jobs that were made without keys, and no key of their owner: nobody sees them. */
  readonly hasStrandedJobs: boolean;
  /** Resolves when the engine failed for good: the process has to end and start anew. */
  readonly failed: Promise<Error>;
  /** Stops accepting, lets what runs end within the deadline, hands back the rest. Safe twice. */
  close(): Promise<void>;
}

const leaseMs = 30_000;
/** Of a turn of the event loop: what many ask for at one moment holds up somebody else by about so long. */
const turnMs = 4;
/** A page takes some 100 ms; this is for one that is made of hundreds of thousands of paths. */
const pageViews = { timeoutMs: 15_000, graceMs: 250, maxWaiting: 64, cacheBytes: 64 * 1024 * 1024 };

/**
 * Opens the parts in order; `close` closes them in reverse. What was opened is closed again when a later part fails.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const opened = new CloseStack();
  try {
    return await open(options, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function open(
  { config: own, version, log, logStream, threads, ...given }: AppOptions,
  opened: CloseStack,
): Promise<App> {
  const { registry, fanout, ...opening } =
    given.opening ?? beginOpening({ config: own, log, ...(threads === undefined ? {} : { threads }) });
  const entry = (path: string): URL => new URL(path, threads ?? new URL('.', import.meta.url));
  const bounds = kindBounds(own);
  const kindSet = given.kinds ?? kindSetWithin(bounds, entry);
  const kinds = kindSet.fronts;
  const time = opened.add(opening.time);
  const { clock, stoodMs } = time;
  measureProcess(registry, { version, dataDir: own.dataDir }, opened);

  // It looks first when a part has met a fault, and so not before the engine is open.
  const probe = (): Promise<unknown> => Promise.all([engine.store.ping(), engine.blobs.ping()]);
  const outages = opened.add(new Outages({ probe, log }));
  const workLog = outages.logOver(log);
  const tracing = given.tracing && opened.add(given.tracing({ version, clock, log: workLog }));
  const programs = makePrograms(own, kinds, workLog);
  measurePrograms(registry, programs);
  const pictures = makePictures(own, entry('render/picture-child.js'), workLog);
  const onThemes = (themes: readonly string[]): void => known.note(themes);
  const pool = opened.add(startPool(own, kindSet.renderThread, { programs, pictures, onThemes }));
  const engine = opened.add(await opening.engine);
  // The data directory belongs to this process from here on: what lies in its folder was left by another.
  opened.add(programs);
  opened.add(pictures);
  await pictures.open();
  const programGuard = begun(programs.open());
  const web = begun(readStaticFiles(entry('../web/')));
  const { store, blobs, bus, library } = engine;
  const known = opened.add(
    new KnownThemes({
      library,
      pool,
      clock,
      onError: (error) => workLog.error({ err: error }, 'what the threads rehearse was not kept'),
    }),
  );
  const worker = `w-${nanoid()}`;
  const now = clock();
  const { config, overruled } = await agreedConfig(own, store, { worker, until: now + presenceMs, now });
  if (overruled.length > 0) log.warn({ overruled }, 'other nodes run with other settings; theirs hold here');
  const keyring = opened.add(await openKeys(config, engine, clock));
  const guard = opened.add(createFetchGuard({ allowPrivate: config.allowPrivateFetch }));
  const designs = new Designs({
    library,
    blobs,
    read: readDesign,
    clock,
    random: () => nanoid(),
    onStored: ({ languages }) => known.note(languages),
  });
  await designs.ship(await readShippedDesigns(entry('designs/shipped/')));
  const turns = new LoopTurns(turnMs);
  const bodyReader = opened.add(
    new BodyReader({
      kinds,
      designs,
      allowPrivate: config.allowPrivateFetch,
      threadEntry: kindSet.bodyThread,
      threadData: bounds,
      isBusy: () => turns.waiting > 0,
    }),
  );
  const follower = opened.add(
    new Follower({
      store,
      bus,
      clock,
      onError: (error) => workLog.error({ err: error }, 'the log could not be read'),
    }),
  );
  // The gateway's tail in memory begins so many facts before the end of the log.
  await follower.open(streamTail.maxFacts);
  const pause = opened.add(
    new QueuePause({ library, exclusive: engine.capabilities.exclusive, clock, log: workLog }),
  );
  await pause.open();
  const isPaused = () => pause.current !== undefined;
  const depth = () => store.depth();
  const meters = new Meters(registry, { pool: () => pool.state, depth, clock, isPaused });
  const random = Math.random;
  const onGarbage = openYoungBuffers().came;
  const runner = new Runner({
    store,
    follower,
    bus,
    blobs,
    pool,
    kinds,
    guard,
    meters,
    outages,
    pause,
    tracing,
    log: workLog,
    clock,
    random,
    onGarbage,
    worker,
    leaseMs,
  });
  // A start that fails later must not leave it asking a store that is closed.
  opened.add({ close: () => runner.drain(0) });
  const sweeper = opened.add(
    new Sweeper({
      store,
      blobs,
      meters,
      log: workLog,
      clock,
      settledMs: time.settledMs,
      stoodMs,
      keepClaims: () => runner.keepClaims(),
      worker,
      exclusive: engine.capabilities.exclusive,
      retention: config,
    }),
  );
  const expectedWait = (jobs: number): number => runner.expectedWait(jobs);
  const reader = new JobReader({ store, blobs, follower });
  const hooks = opened.add(
    openWebhooks({ engine, follower, guard, registry, log: workLog, clock, random, worker }),
  );
  const submitter = new JobSubmitter({
    webhooks: hooks.webhooks,
    store,
    blobs,
    bodyReader,
    reader,
    tracing,
    clock,
    expectedWait,
    limits: { ...config, maxAttempts: 3 },
  });
  const syncRenderer = new SyncRenderer({
    blobs,
    pool,
    guard,
    bodyReader,
    expectedWait,
    kinds,
    tracing,
    log: workLog,
    timeoutMs: config.renderTimeoutMs,
    maxWaiting: 64,
  });
  const remover = new JobRemover({ store, blobs, reader, clock });
  const pages = new PageViewer({ ...pageViews, blobs, pool, log: workLog });
  const service: JobService = {
    bodies: bodyReader,
    submitter,
    reader,
    remover,
    syncRenderer,
    pages,
    readiness: new PartsReadiness(engine, pool, outages, fanout.isConnected, isPaused),
  };
  const dialects = createDialects({
    bulkFill: {
      waitMs: config.bulkWaitMs,
      rowsPerMonth: config.bulkRowsPerMonth,
      bounds: bounds.bulkFill,
    },
    previewPaths: config.previewPaths,
  });
  for (const dialect of dialects) hooks.add(dialect.webhookProfiles?.(service) ?? []);
  const tickets = new Tickets({ once: engine.once, clock, stoodMs, random: () => nanoid(32) });
  const links = await Links.open({ library, clock, random: randomBytes });
  const seal = (text: string): string => links.seal(text);
  const sessions = new Sessions({ library, keyring, clock, random: () => nanoid(43), seal });
  const gateway = opened.add(
    openGateway({ config, engine, follower, keyring, registry, clock, log: workLog }),
  );
  const tellQueue = (now: Pause | undefined): void => gateway.tellQueue(noticeOf(now));
  pause.onChange(tellQueue);
  if (pause.current !== undefined) tellQueue(pause.current);
  // Every part that needs all facts has subscribed.
  await follower.start();
  const http = await openHttp({
    config,
    kinds,
    programGuard: (await programGuard).guard,
    survey: programSurvey(kinds, programs),
    service,
    dialects,
    library: engine.library,
    gateways: engine.gateways,
    store,
    onFact: (listener) => void follower.onFact(listener),
    designs,
    links,
    blobs,
    turns,
    keyring,
    tickets,
    sessions,
    registry,
    version,
    clock,
    stoodMs,
    noteFault: outages.note,
    logStream,
    // Beside the compiled server, where the build puts it.
    web: await web,
    // Only of kinds that there are: the caller has named it.
    onKind: (kind) => kinds.some(({ name }) => name === kind) && pool.expect(kind),
    onFormBytes: onGarbage,
  });
  let bulk: BulkRunner | undefined;
  if (config.role !== 'worker') {
    mountPush(http.app, { ...http, gateway, tickets });
    addWebhookRoutes(http.app, hooks);
    const keyHolds = (keyId: string): boolean => keyring.holds(keyId);
    const parts = { service, follower, pool, pause, config, engine, keyHolds, clock, log: workLog };
    bulk = mountSupport(http.app, parts);
    opened.add(bulk);
  }
  http.budgets.add('renders', syncRenderer.shares);
  http.budgets.add('pictures', pages.shares);
  http.budgets.add('webhooks', hooks.sender.line.shares);

  // The jobs of processes that are gone go back to the queue before the server accepts requests.
  await runner.beat();
  const reclaimed = await store.reclaimAbsent(clock());
  if (reclaimed > 0) log.warn({ jobs: reclaimed }, 'jobs of an earlier process go back to the queue');
  await pool.ready().catch((error: Error) => {
    const advice = '"inkwire doctor --only fonts,rendering" says what is wrong with it, and what to do.';
    throw new StartRefused(`No render thread can start: ${error.message}.\n${advice}`);
  });
  const owners = [...(await engine.keys.list()), ...config.keys].map(({ owner }) => owner);
  const isStranded = !keyring.open && !owners.includes(anonymousOwner);
  const hasStrandedJobs =
    isStranded && (await store.list({ owner: anonymousOwner, limit: 1 })).jobs.length > 0;
  await known.open();
  if (config.role !== 'gateway') runner.start();
  sweeper.start();
  hooks.deliverer.start();
  await bulk?.open();
  opened.add(openIdleHeap());
  const url = await http.listen(config.host, config.port);
  const over = new AbortController();
  const rehearsing = known.hasDocuments
    ? rehearseRequests((...call) => http.own.post(...call), over.signal)
    : Promise.resolve();

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    over.abort();
    await rehearsing;
    submitter.stop();
    syncRenderer.stop();
    http.drain();
    await runner.drain(config.shutdownTimeoutMs);
    await gateway.close();
    await http.close();
    await opened.close();
  };
  return {
    url,
    development: keyring.open,
    hasStrandedJobs,
    failed: engine.failure,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Work that takes a while beside other work; who waits for it below hears of its failure, if the start comes so far. */
function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

async function openKeys(config: Config, engine: Engine, clock: () => number): Promise<Keyring> {
  const known = (await engine.keys.list()).length + config.keys.length;
  const startMode = startModeOf(config.host, known);
  if (!startMode.ok) throw new StartRefused(startMode.message);
  const development = startMode.mode === 'development';
  return openKeyring({ keys: engine.keys, configured: config.keys, development, clock });
}
