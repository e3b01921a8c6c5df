import { bearerOf } from '../bearer.js';
import type { Dialect } from '../dialect.js';
import { uuidIds } from '../job-ids.js';
import { Accounts } from './accounts.js';
import { addCreate } from './creates.js';
import { exportWebhook } from './export-webhook.js';
import { addGets } from './gets.js';
import { writeRefusal } from './refusals.js';
import type { BulkFillSettings } from './settings.js';
import { refusalSchema, tag } from './shapes.js';

/** Doqlo's bulk-fill API over jobs of the kind `bulk_fill` (docs/DOQLO.md). */
export function createBulkFill(settings: BulkFillSettings): Dialect {
  return {
    name: 'bulk-fill',
    prefixes: ['/v1/bulkfill'],
    credential: ({ authorization }) => bearerOf(authorization),
    problem: writeRefusal,
    corsHeaders: {
      requests: ['Authorization', 'Idempotency-Key', 'If-None-Match', 'If-Range', 'Range'],
      answers: ['Content-Disposition', 'Content-Range', 'ETag', 'Location'],
    },
    docs: {
      tags: { [tag]: 'One PDF filled with many rows, for clients of Doqlo.' },
      security: { bulkFillKey: { type: 'http', scheme: 'bearer' } },
      refusal: () => refusalSchema,
    },
    ids: uuidIds,
    webhookProfiles: () => [exportWebhook],
    routes(app, parts) {
      const accounts = new Accounts(parts);
      addCreate(app, parts, accounts, settings);
      addGets(app, parts, accounts, settings);
    },
  };
}
