import type { ChunkedRunner, Kind, KindBack, KindRunner } from '../kind.js';
import { type BulkFillBounds, standardBounds } from './bulk-fill/bounds.js';
import { bulkFillKind } from './bulk-fill/request.js';
import { documentKind } from './document/request.js';
import { fillFormKind, readFormKind } from './fill-form/requests.js';
import { extractTextKind, mergeKind, splitKind } from './pdf-tools/requests.js';
import { imageMetadataKind } from './preview/metadata-request.js';
import { previewKind } from './preview/request.js';
import { readDesign } from './report/reading.js';
import { reportKind } from './report/request.js';

interface Registered {
  readonly front: Kind;
  /** Called in render threads only: the front loads no engine. */
  readonly back: () => Promise<KindRunner | ChunkedRunner>;
  readonly warm?: true;
}

/** What the operator bounds jobs by, where a kind leaves it to him. */
export interface KindBounds {
  readonly bulkFill: BulkFillBounds;
}

/** Every kind, a line each. */
const registryWithin = ({ bulkFill }: KindBounds): readonly Registered[] => [
  { front: documentKind, back: async () => (await import('./document/run.js')).documentRunner, warm: true },
  { front: reportKind, back: async () => (await import('./report/run.js')).reportRunner },
  { front: bulkFillKind(bulkFill), back: async () => (await import('./bulk-fill/run.js')).bulkFillRunner },
  { front: readFormKind, back: async () => (await import('./fill-form/run.js')).readFormRunner },
  { front: fillFormKind, back: async () => (await import('./fill-form/run.js')).fillFormRunner },
  {
    front: extractTextKind,
    back: async () => (await import('./pdf-tools/extract-text.js')).extractTextRunner,
  },
  { front: mergeKind, back: async () => (await import('./pdf-tools/merge.js')).mergeRunner },
  { front: splitKind, back: async () => (await import('./pdf-tools/split.js')).splitRunner },
  {
    front: imageMetadataKind,
    back: async () => (await import('./preview/metadata-run.js')).imageMetadataRunner,
  },
  { front: previewKind, back: async () => (await import('./preview/run.js')).previewRunner },
];

const registry = registryWithin({ bulkFill: standardBounds });

/** With the bounds of a server whose operator says nothing of them. */
export const kinds: readonly Kind[] = registry.map(({ front }) => front);

export function kindsWithin(bounds: KindBounds): readonly Kind[] {
  return registryWithin(bounds).map(({ front }) => front);
}

/** The language of designs, for those who store them. */
export { readDesign };

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

async function backOf(kind: string): Promise<KindRunner | ChunkedRunner> {
  const found = registry.find(({ front }) => front.name === kind)?.back;
  const load = found ?? internal.find(({ name }) => name === kind)?.load;
  if (load === undefined) throw new Error(`No runner for the kind ${kind}`);
  return load();
}

export const backs: readonly KindBack[] = [
  ...registry.map(({ front, back, warm }) => ({ name: front.name, load: back, ...(warm ? { warm } : {}) })),
  ...internal,
];
