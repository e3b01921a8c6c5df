import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { Gauge, type Registry } from 'prom-client';
import type { Config } from './config.js';
import { makeObjectsYoung } from './render/heap-limits.js';
import type { Kind, KindSet } from './render/kind.js';
import { type KindBounds, kindsWithin } from './render/kinds/kinds.js';
import { Pictures } from './render/pictures.js';
import { type PoolOptions, RenderPool } from './render/pool.js';
import type { ProgramRegistry } from './render/program-call.js';
import { bubblewrap, unshare } from './render/program-sandbox.js';
import { type ProgramSurvey, surveyPrograms } from './render/program-survey.js';
import { Programs } from './render/programs.js';
import type { TaskWorkers } from './render/task-work.js';
import type { WorkLog } from './work/work-log.js';

/** The pool of render threads and what works for it, as the configuration says. */

const readyTimeoutMs = 30_000;
/** Programs that wait for one of a core's programs to end. Each belongs to a task that has a thread. */
const maxWaitingPrograms = 64;
/** A picture of 50 megapixels takes some 5 s. Two that need little, or one that needs as much as one may. */
const pictureBounds = { memoryMb: 256, wallMs: 30_000, maxFileBytes: 48 * 1024 * 1024 };
const maxPictureProcesses = 4;

export function makePrograms(config: Config, kinds: readonly Kind[], log: WorkLog): Programs {
  const manner = { nice: config.renderNice };
  return new Programs({
    directory: resolve(join(config.dataDir, 'programs')),
    registry: registryOf(kinds),
    sandboxes: [bubblewrap(manner), unshare(manner)],
    allowUnsandboxed: config.allowUnsandboxedPrograms,
    ...manner,
    maxRunning: availableParallelism(),
    maxWaiting: maxWaitingPrograms,
    maxListeners: config.officeListeners,
    onFault: (fault) => log.error({ err: fault }, 'an external program could not be cleared away'),
  });
}

function registryOf(kinds: readonly Kind[]): ProgramRegistry {
  return Object.fromEntries(kinds.flatMap((kind) => Object.entries(kind.programs ?? {})));
}

/** Made when somebody asks first, since it runs each program; anew while one of them does not work. */
export function programSurvey(
  kinds: readonly Kind[],
  programs: Pick<Programs, 'run'>,
): () => Promise<ProgramSurvey> {
  let survey: Promise<ProgramSurvey> | undefined;
  return () => {
    survey ??= surveyPrograms(programs, registryOf(kinds)).then((found) => {
      if (found.programs.some(({ state }) => state === 'broken')) survey = undefined;
      return found;
    });
    return survey;
  };
}

export function measurePrograms(registry: Registry, programs: Pick<Programs, 'kept'>): void {
  new Gauge({
    name: 'inkwire_programs_kept',
    help: 'External programs that are kept started and wait for a call',
    registers: [registry],
    collect() {
      this.set(programs.kept);
    },
  });
}

function threadsOf(config: Config): number {
  return config.workers === 0 ? availableParallelism() : config.workers;
}

export function makePictures(config: Config, entry: URL, log: WorkLog): Pictures {
  return new Pictures({
    ...pictureBounds,
    entry,
    directory: resolve(join(config.dataDir, 'pictures')),
    processes: Math.min(threadsOf(config), maxPictureProcesses),
    nice: config.renderNice,
    readyTimeoutMs,
    onFault: (fault) => log.error({ err: fault }, 'the files of a picture could not be cleared away'),
  });
}

export function startPool(
  config: Config,
  entry: URL,
  parts: TaskWorkers & Pick<PoolOptions, 'onThemes'>,
): RenderPool {
  makeObjectsYoung();
  return new RenderPool({
    ...parts,
    entry,
    threads: threadsOf(config),
    heapLimitMb: config.workerHeapMb,
    raisedHeapLimitMb: config.workerHeapMb * 2,
    recycleAfter: config.recycleAfter === 0 ? Number.POSITIVE_INFINITY : config.recycleAfter,
    nice: config.renderNice,
    readyTimeoutMs,
  });
}

/** What the operator bounds jobs by. */
export function kindBounds(config: Config): KindBounds {
  const { bulkMaxRows: rows, bulkMaxResultBytes: resultBytes } = config;
  const source = { fileBytes: config.bulkMaxPdfBytes, pages: config.bulkMaxPages };
  return { bulkFill: { rows, source, resultBytes } };
}

/** All kinds, with what runs and reads them. @param entry gives the place of a compiled file */
export function kindSetWithin(bounds: KindBounds, entry: (path: string) => URL): KindSet {
  return {
    fronts: kindsWithin(bounds),
    renderThread: entry('render/thread.js'),
    bodyThread: entry('body-thread.js'),
  };
}
