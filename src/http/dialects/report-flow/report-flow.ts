import { bearerOf } from '../bearer.js';
import type { Dialect } from '../dialect.js';
import { shortIds } from '../job-ids.js';
import { writeError } from './errors.js';
import { fileCompletedProfile } from './file-completed.js';
import { addGets } from './gets.js';
import { addPosts } from './posts.js';
import { errorSchema, tag } from './shapes.js';
import { addShare } from './share.js';

/** Report Flow's PDF API over designs of this server (docs/REPORT-FLOW.md). Each content is a job, a request their group. */
export function createReportFlow({ syncTimeoutMs }: { readonly syncTimeoutMs: number }): Dialect {
  return {
    name: 'report-flow',
    prefixes: ['/v1/file', '/share'],
    credential({ appkey, authorization }) {
      if (typeof appkey === 'string' && appkey !== '') return { token: appkey };
      if (authorization !== undefined) return bearerOf(authorization);
      return { detail: 'Send an API key as "appkey".' };
    },
    problem: writeError,
    corsHeaders: {
      requests: [
        'appkey',
        'Authorization',
        'Idempotency-Key',
        'If-None-Match',
        'If-Range',
        'Range',
        'X-Passcode',
      ],
      answers: [
        'Content-Disposition',
        'Content-Range',
        'ETag',
        'File-ID',
        'File-URL',
        'Link',
        'Request-Id',
        'X-File-Mapping',
      ],
    },
    docs: {
      tags: { [tag]: 'Designs filled with values, for clients of Report Flow.' },
      security: { appkey: { type: 'apiKey', in: 'header', name: 'appkey' } },
      refusal: () => errorSchema,
    },
    ids: shortIds,
    webhookProfiles: ({ reader }) => [fileCompletedProfile(reader)],
    routes(app, parts) {
      addPosts(app, parts, syncTimeoutMs);
      addGets(app, parts);
      addShare(app, parts);
    },
  };
}
