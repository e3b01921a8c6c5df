import type { ChunkedRunner, KindBack, KindRunner } from '../kind.js';

/**
 * What runs the kinds, for render threads: each is loaded with the first task of it, and nothing of the fronts with it, so
 * that a thread that has drawn nothing holds no engine.
 */

/** Of the kinds of `kinds.ts`, a line each. */
const registered: readonly KindBack[] = [
  { name: 'document', load: async () => (await import('./document/run.js')).documentRunner, warm: true },
  { name: 'report', load: async () => (await import('./report/run.js')).reportRunner, warm: true },
  { name: 'bulk_fill', load: async () => (await import('./bulk-fill/run.js')).bulkFillRunner, warm: true },
  { name: 'read_form', load: async () => (await import('./fill-form/run.js')).readFormRunner },
  { name: 'fill_form', load: async () => (await import('./fill-form/run.js')).fillFormRunner },
  { name: 'extract_text', load: async () => (await import('./pdf-tools/extract-text.js')).extractTextRunner },
  { name: 'merge', load: async () => (await import('./pdf-tools/merge.js')).mergeRunner },
  { name: 'split', load: async () => (await import('./pdf-tools/split.js')).splitRunner },
  {
    name: 'image_metadata',
    load: async () => (await import('./preview/metadata-run.js')).imageMetadataRunner,
  },
  { name: 'preview', load: async () => (await import('./preview/run.js')).previewRunner, warm: true },
];

/** Without a front there is no such kind for callers: for the server itself. */
const internal: readonly KindBack[] = [
  { name: 'bulk_check', load: async () => (await import('./bulk-fill/tools/check.js')).checkRunner },
  {
    name: 'package_build',
    load: async () => (await import('./bulk-fill/tools/build-package.js')).buildPackageRunner,
  },
  {
    name: 'package_inspect',
    load: async () => (await import('./bulk-fill/tools/inspect-package.js')).inspectPackageRunner,
  },
  { name: 'package_row', load: async () => (await import('./bulk-fill/tools/fill-row.js')).fillRowRunner },
  { name: 'page_view', load: async () => (await import('./preview/page-view.js')).pageViewRunner },
  {
    name: 'draft_preview',
    load: async () => (await import('./pdf-tools/draft-preview.js')).createDraftPreviewRunner(backOf),
  },
];

export const backs: readonly KindBack[] = [...registered, ...internal];

async function backOf(kind: string): Promise<KindRunner | ChunkedRunner> {
  const load = backs.find(({ name }) => name === kind)?.load;
  if (load === undefined) throw new Error(`No runner for the kind ${kind}`);
  return load();
}
