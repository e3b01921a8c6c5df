import type { Config } from './config.js';
import { capabilityFacts } from './http/routes/capability-facts.js';
import { createHttpServer, type HttpServer, type HttpServerOptions } from './http/server.js';
import type { GuardName } from './render/program-sandbox.js';

/** The HTTP side, as the configuration says. */

/** They are in memory: what is long belongs into a JSON body, or into a file. */
const maxFormTextBytes = 4 * 1024 * 1024;

type HttpParts = {
  readonly config: Config;
  readonly logStream: { write(line: string): void };
  readonly version: string;
  readonly programGuard: GuardName;
} & Omit<
  HttpServerOptions,
  | 'capabilities'
  | 'limits'
  | 'corsOrigins'
  | 'trustedProxies'
  | 'metricsOpen'
  | 'logger'
  | 'startedAt'
  | 'probesOnly'
>;

export function openHttp({ config, programGuard, logStream, ...parts }: HttpParts): Promise<HttpServer> {
  return createHttpServer({
    ...parts,
    probesOnly: config.role === 'worker',
    capabilities: capabilityFacts(config, parts.kinds, programGuard),
    limits: {
      ...config,
      maxFormTextBytes,
      parserTimeoutMs: 10_000,
      headersTimeoutMs: Math.min(30_000, config.requestTimeoutMs),
      keepAliveTimeoutMs: 75_000,
      closeTimeoutMs: 5_000,
    },
    corsOrigins: config.corsOrigins,
    trustedProxies: config.trustedProxies,
    metricsOpen: config.metricsPublic,
    logger: config.logLevel === 'silent' ? false : { level: config.logLevel, stream: logStream },
    startedAt: parts.clock(),
  });
}
