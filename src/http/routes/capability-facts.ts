import { fonts } from '../../render/fonts/catalogue.js';
import type { Kind } from '../../render/kind.js';
import { limits } from '../../render/kinds/document/limits.js';
import { operationNames } from '../../render/kinds/document/operation-fields.js';
import { findProgram, type GuardName } from '../../render/program-sandbox.js';
import type { CapabilityFacts } from './capabilities.js';

/** Settings of the service that its callers may know. */
export interface PublicSettings {
  readonly maxBodyBytes: number;
  readonly maxUploadBytes: number;
  readonly maxUploadFileBytes: number;
  readonly maxPendingPerOwner: number;
  readonly maxRunningPerOwner: number;
  readonly renderTimeoutMs: number;
  readonly runTimeoutMs: number;
  readonly resultTtlMs: number;
  /** Requests a minute. */
  readonly ratePerKey: number;
}

/** The answer of `GET /api/v1/capabilities`. */
export function capabilityFacts(
  config: PublicSettings,
  kinds: readonly Kind[],
  programGuard: GuardName,
): CapabilityFacts {
  return {
    capabilities: [
      ...kinds.map(({ name }) => ({ name, enabled: true })),
      { name: 'designs', enabled: true },
      { name: 'groups', enabled: true },
      { name: 'idempotency', enabled: true },
      { name: 'pages', enabled: true },
      { name: 'push', enabled: true },
      { name: 'webhooks', enabled: true },
      { name: 'pdf_a', enabled: false },
    ],
    operations: operationNames,
    fonts,
    program_guard: programGuard,
    programs: Object.fromEntries(
      kinds
        .flatMap((kind) => Object.entries(kind.programs ?? {}))
        .filter(([, { about }]) => about !== undefined)
        .map(([name, { file }]) => [name, findProgram(file) !== undefined]),
    ),
    limits: {
      max_body_bytes: config.maxBodyBytes,
      max_upload_bytes: config.maxUploadBytes,
      max_upload_file_bytes: config.maxUploadFileBytes,
      max_operations: limits.operations,
      max_pending_per_owner: config.maxPendingPerOwner,
      max_running_per_owner: config.maxRunningPerOwner,
      render_timeout_seconds: config.renderTimeoutMs / 1000,
      run_timeout_seconds: config.runTimeoutMs / 1000,
      result_ttl_seconds: config.resultTtlMs / 1000,
      rate_limit_per_minute: config.ratePerKey,
    },
  };
}
