import { nanoid } from 'nanoid';
import type { Config } from './config.js';
import type { Engine } from './engine/engine.js';
import type { Follower } from './follow/follower.js';
import { addBulkRoutes } from './http/routes/support/bulk.js';
import { addGroupFileRoutes } from './http/routes/support/group-files.js';
import { addOverviewRoute } from './http/routes/support/overview.js';
import { addQueueRoutes } from './http/routes/support/queue.js';
import type { HttpServer } from './http/server.js';
import { diskOf } from './process-meters.js';
import type { RenderPool } from './render/pool.js';
import { BulkRunner } from './work/bulk.js';
import { Overview } from './work/overview.js';
import type { QueuePause } from './work/queue-pause.js';
import type { JobService } from './work/service.js';
import type { WorkLog } from './work/work-log.js';

export interface SupportParts {
  readonly config: Pick<Config, 'dataDir'>;
  readonly service: JobService;
  readonly engine: Engine;
  readonly follower: Follower;
  readonly pool: RenderPool;
  readonly pause: QueuePause;
  readonly keyHolds: (keyId: string) => boolean;
  readonly clock: () => number;
  readonly log: WorkLog;
}

/** What people have who look after many jobs: the whole at a glance, the same for many, the files of a group. */
export function mountSupport(
  app: HttpServer['app'],
  { config, service, engine, follower, pool, pause, keyHolds, clock, log }: SupportParts,
): BulkRunner {
  const { reader, submitter, remover } = service;
  const { store } = engine;
  const lanes = () => pool.lanes;
  const disk = () => diskOf(config.dataDir);
  addOverviewRoute(app, new Overview({ store, reader, follower, pause, clock, lanes, disk }));
  addQueueRoutes(app, pause);
  const bulk = new BulkRunner({
    ...{ reader, submitter, remover, library: engine.library, exclusive: engine.capabilities.exclusive },
    ...{ holder: nanoid(), keyHolds, clock, random: () => nanoid(), log },
  });
  addBulkRoutes(app, bulk);
  addGroupFileRoutes(app, { reader, follower, keyHolds });
  return bulk;
}
