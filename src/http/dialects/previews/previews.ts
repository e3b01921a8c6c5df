import { bearerOf } from '../bearer.js';
import type { Dialect } from '../dialect.js';
import { uuidIds } from '../job-ids.js';
import { writeRefusal } from './errors.js';
import { addGets } from './gets.js';
import { addPosts } from './posts.js';
import type { PreviewSettings } from './settings.js';
import { refusalSchema, tag } from './shapes.js';

/** The FileLens API over the kinds `preview` and `image_metadata` (docs/FILELENS.md). */
export function createPreviews(settings: PreviewSettings): Dialect {
  return {
    name: 'filelens',
    prefixes: ['/health', '/preview', '/status', '/metadata', '/download'],
    credential({ 'x-api-key': key, authorization }) {
      if (typeof key === 'string' && key !== '') return { token: key };
      return bearerOf(authorization);
    },
    problem: writeRefusal,
    corsHeaders: {
      requests: ['Authorization', 'If-None-Match', 'If-Range', 'Range', 'X-API-Key'],
      answers: ['Content-Disposition', 'Content-Range', 'ETag'],
    },
    docs: {
      tags: { [tag]: 'Pictures of pages and facts of pictures, for clients of FileLens.' },
      security: { previewKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' } },
      refusal: () => refusalSchema,
    },
    ids: uuidIds,
    routes(app, parts) {
      addPosts(app, parts, settings);
      addGets(app, parts);
    },
  };
}
