import type { Dialect } from './dialect.js';
import { native } from './native/native.js';
import { createReportFlow } from './report-flow/report-flow.js';

/** Every HTTP API that this server speaks; the first is the server's own. */
export const dialects: readonly Dialect[] = [native, createReportFlow({ syncTimeoutMs: 120_000 })];
