import type { KindRunner } from '../kind.js';
import { documentRunner } from './document/run.js';

/** The backs of all kinds; loaded by render threads only. The PDF tools' engines are loaded with their first task. */
export const runners: readonly KindRunner[] = [
  documentRunner,
  onDemand('extract_text', async () => (await import('./pdf-tools/extract-text.js')).extractTextRunner),
  onDemand('merge', async () => (await import('./pdf-tools/merge.js')).mergeRunner),
  onDemand('split', async () => (await import('./pdf-tools/split.js')).splitRunner),
  // For the server itself: without a front there is no such kind for callers.
  onDemand('thumbnail', async () => (await import('./pdf-tools/thumbnail.js')).thumbnailRunner),
];

function onDemand(name: string, load: () => Promise<KindRunner>): KindRunner {
  return { name, run: async (request, context) => (await load()).run(request, context) };
}
