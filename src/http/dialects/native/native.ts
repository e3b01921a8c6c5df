import { packageSchema } from '../../../render/kinds/bulk-fill/package/package-schema.js';
import { problemSchema } from '../../docs/schemas.js';
import { submitBodySchema, submitFormSchema } from '../../docs/submit-schema.js';
import { addDesignPreviewRoutes } from '../../routes/designs/design-previews.js';
import { addDesignRoutes } from '../../routes/designs/designs.js';
import { addGroupRoutes } from '../../routes/groups.js';
import { addJobControlRoutes } from '../../routes/job-control.js';
import { addJobListRoute } from '../../routes/job-list.js';
import { addJobPageRoutes } from '../../routes/job-pages.js';
import { addJobRoutes } from '../../routes/jobs.js';
import { addLinkRoutes } from '../../routes/links.js';
import { addPackageRoutes } from '../../routes/packages.js';
import { addPdfToolRoutes } from '../../routes/pdf-tools.js';
import { addPreviewRoute } from '../../routes/preview.js';
import { addRenderRoute } from '../../routes/render.js';
import { addResultRoutes } from '../../routes/results.js';
import { addThumbnailRoute } from '../../routes/thumbnails.js';
import { bearerOf } from '../bearer.js';
import type { Dialect } from '../dialect.js';
import { plainIds } from '../job-ids.js';

import { problemBase, writeProblem } from './problem-document.js';

/** The API under `/api/v1`: all that this server can do. Its routes are in `http/routes/`. */
export const native: Dialect = {
  name: 'connect',
  prefixes: ['/api/v1'],
  credential: ({ authorization }) => bearerOf(authorization),
  problem: writeProblem,
  corsHeaders: {
    requests: [
      'Authorization',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'If-Range',
      'Last-Event-ID',
      'Prefer',
      'Range',
    ],
    answers: [
      'Content-Disposition',
      'Content-Range',
      'ETag',
      'Inkwire-Warnings',
      'Location',
      'Preference-Applied',
      'Repr-Digest',
    ],
  },
  docs: {
    tags: {
      jobs: 'Work to do, and how far it is: submit, list, read, cancel, retry, delete; groups of jobs.',
      results: 'The files that jobs have made, and links to them for browsers without a key.',
      pages: 'Pictures and words of the pages of a result, for viewers.',
      events: 'What happens to jobs as it happens: Server-Sent Events, long-poll, tickets for WebSockets.',
      webhooks: 'Addresses that are told of events, what was sent to them, and sending it again.',
      render: 'Documents while the caller waits; nothing is kept.',
      designs: 'Stored documents with places for values: versions, previews, pictures.',
      'pdf tools': 'Text of PDFs, joining and cutting them, while the caller waits.',
      packages: 'What goes where on a PDF that is filled row by row.',
    },
    security: { key: { type: 'http', scheme: 'bearer' } },
    refusal: (slugs) => ({
      allOf: [
        problemSchema,
        { properties: { type: { enum: slugs.map((slug) => `${problemBase}${slug}`) } } },
      ],
    }),
  },
  ids: plainIds,
  routes(app, parts) {
    const { service, designs, kinds, longWaits, forms, clock, renderTimeoutMs: timeoutMs } = parts;
    const { bodies, syncRenderer } = service;
    const bodySchema = submitBodySchema(kinds);
    addJobRoutes(app, { service, longWaits, forms, bodySchema, formSchema: submitFormSchema(kinds) });
    addJobControlRoutes(app, { service });
    addJobListRoute(app, { service });
    addGroupRoutes(app, { service });
    addResultRoutes(app, { service, clock });
    addLinkRoutes(app, parts);
    addThumbnailRoute(app, { service, clock });
    addJobPageRoutes(app, { service, clock });
    addRenderRoute(app, { syncRenderer, bodySchema, timeoutMs });
    addPreviewRoute(app, { syncRenderer, bodySchema, timeoutMs });
    addDesignRoutes(app, { designs, bodies, kinds });
    addDesignPreviewRoutes(app, { designs, bodies, kinds, syncRenderer, timeoutMs });
    addPdfToolRoutes(app, { syncRenderer, kinds, timeoutMs });
    addPackageRoutes(app, { syncRenderer, forms, packageSchema, timeoutMs });
  },
};
