import { join } from 'node:path';
import { dist } from './server.mjs';

const { documentKind } = await import(join(dist, 'render/kinds/document/request.js'));
const { makeObjectsYoung } = await import(join(dist, 'render/heap-limits.js'));
const { documentRunner } = await import(join(dist, 'render/kinds/document/run.js'));

makeObjectsYoung();

/**
 * A document as a render thread makes it, in this process and in one piece, as stock pdfmake gives it.
 * @param {object} request
 */
export function rendered(request) {
  return renderedPlan(planned(request));
}

/** What a thread gets of a request. @param {object} request @returns {string} JSON */
export function planned(request) {
  const parsed = documentKind.parse(request);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return JSON.stringify(parsed.plan.request);
}

/** @param {string} plan */
export async function renderedPlan(plan) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  await documentRunner.run(JSON.parse(plan), {
    inputPath: () => '',
    fetched: () => undefined,
    progress: () => undefined,
    warn: () => undefined,
    artifact: () => ({
      write: (/** @type {Uint8Array} */ chunk) => chunks.push(chunk),
      end: () => undefined,
    }),
  });
  return Buffer.concat(chunks);
}
