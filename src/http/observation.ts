import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { LogFields } from '../log-fields.js';
import { isObject } from '../protocol/is-object.js';
import type { OwnCalls } from './admission/own-calls.js';
import type { LongWaits } from './reply/long-waits.js';
import { pathOf } from './reply/problem-reply.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whoever knows the path needs no key: logs have the pattern of the route in its place, also where nothing answers it. */
    readonly secretPath?: boolean;
  }
  interface FastifyRequest {
    /** The job that a submit or a retry has made, for the log. */
    jobId: string | undefined;
  }
}

/**
 * One measurement for each answer, and one log line: at `info` for a refusal or a failure, at `debug` for a success, since
 * the end of a job has a line of its own. A line holds the path without its query, and never a header or a
 * body: keys, tickets, links and documents stay out of logs. Of what the server asks itself there is neither.
 */
export function observe(
  app: FastifyInstance,
  registry: Registry,
  longWaits: LongWaits,
  own: Pick<OwnCalls, 'callerOf'>,
): void {
  app.decorateRequest('jobId', undefined);
  const requests = new Counter({
    name: 'inkwire_http_requests_total',
    help: 'Answers by route and status',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'inkwire_http_request_seconds',
    help: 'Time to the end of an answer, by route',
    labelNames: ['method', 'route'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60],
    registers: [registry],
  });
  new Gauge({
    name: 'inkwire_http_held_requests',
    help: 'Answers held back: Prefer: wait, long-polls',
    registers: [registry],
    collect() {
      this.set(longWaits.count);
    },
  });
  /** Of such routes, what stands before the first parameter, and the whole pattern. */
  const secretPaths: (readonly [start: string, pattern: string])[] = [];
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.secretPath === true) secretPaths.push([url.slice(0, url.indexOf(':')), url]);
  });
  // An address with another method, or cut off within the name at its end, has no route and the same secret.
  const loggedPathOf = (url: string | undefined): string => {
    const path = pathOf(url);
    return secretPaths.find(([start]) => path.startsWith(start))?.[1] ?? path;
  };
  const isDebugLogged = ['trace', 'debug'].includes(app.log.level);
  const isInfoLogged = isDebugLogged || app.log.level === 'info';

  app.addHook('onResponse', (request, reply, done) => {
    if (own.callerOf(request.raw) !== undefined) {
      done();
      return;
    }
    const { method } = request.raw;
    const status = reply.raw.statusCode;
    const durationMs = performance.now() - request.startedAt;
    // The pattern, not the path: as many series as there are routes.
    const route = request.routeOptions.url ?? 'none';
    const known = route === 'none' ? 'other' : (method ?? 'other');
    requests.inc({ method: known, route, status });
    seconds.observe({ method: known, route }, durationMs / 1000);
    const isFine = status < 400;
    if (isFine ? isDebugLogged : isInfoLogged) {
      const jobId = request.jobId ?? jobIn(request);
      const line: LogFields = {
        request_id: request.id,
        method,
        path: request.routeOptions.config.secretPath === true ? route : loggedPathOf(request.raw.url),
        status,
        duration_ms: Math.round(durationMs * 100) / 100,
        ...(request.caller === undefined
          ? {}
          : { owner: request.caller.owner, key_id: request.caller.keyId }),
        ...(jobId === undefined ? {} : { job_id: jobId }),
        ...(reply.raw.writableEnded ? {} : { left: true }),
      };
      if (isFine) request.log.debug(line, 'request');
      else request.log.info(line, 'request');
    }
    done();
  });
}

/** The job that the path names. */
function jobIn({ params, routeOptions }: FastifyRequest): string | undefined {
  if (routeOptions.url?.includes('/jobs/:id') !== true || !isObject(params)) return undefined;
  return typeof params.id === 'string' ? params.id : undefined;
}
