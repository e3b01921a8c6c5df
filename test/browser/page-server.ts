import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { type Job, jobId } from '../../src/jobs/job.js';
import { openIn } from '../engine/scratch.js';
import { type AppServer, startAppServer } from '../helpers/app-server.js';

/** Development mode: the page needs no key. */
const anonymous = 'anonymous';

/** The server with the built page, for everybody on this machine. @param port 0: a free one */
export function startPageServer(
  env: Readonly<Record<string, string>> = {},
  dataDir?: string,
): Promise<AppServer> {
  // One that is closed amid a long document does not wait for it.
  const own = { INKWIRE_KEYS: '', INKWIRE_RATE_LIMIT: '0', INKWIRE_SHUTDOWN_TIMEOUT: '1' };
  return startAppServer({ ...own, ...env }, dataDir);
}

/** Submits over HTTP, as another client would. */
export async function submit(server: AppServer, request: object): Promise<string> {
  const answer = await fetch(`${server.url}/api/v1/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const body = (await answer.json()) as { data: { job_id: string } };
  return body.data.job_id;
}

/** One page. */
export const small = { operations: [{ type: 'add_text', text: 'Small' }] };

/** Fails at once: there is no document behind its header. */
export const broken = { kind: 'extract_text', pdf_data: btoa('%PDF-1.7 and nothing else') };

/**
 * Jobs of the past, one a second, a third of them cancelled, written into the store of a server that does not run yet.
 * @returns when the first of them was created
 */
export async function fillStore(directory: string, count: number): Promise<number> {
  const engine = await openIn(directory, {
    fairness: { maxRunningPerOwner: 1, weights: {} },
  });
  const begin = Date.now() - count * 1000;
  const write = async (index: number): Promise<void> => {
    const createdAt = begin + index * 1000;
    const job: Job = {
      id: jobId(createdAt, randomBytes(6)),
      owner: anonymous,
      kind: index % 4 === 0 ? 'merge' : 'document',
      group: `batch-${index % 5}`,
      priority: 0,
      status: 'pending',
      rev: 1,
      attempt: 0,
      failures: 0,
      maxAttempts: 3,
      createdAt,
      // Nobody runs them while they are looked at.
      readyAt: createdAt + 1_000 * 3_600_000,
      waitDeadline: createdAt + 2_000 * 3_600_000,
      runTimeoutMs: 60_000,
      resultTtlMs: 3_600_000,
      // Older than what a snapshot holds.
      ...(index === 5 ? { title: 'Ancient Résumé', tags: ['archive'] } : {}),
    };
    const limits = { maxPending: 1_000_000, maxPendingPerOwner: 1_000_000 };
    await engine.store.submit({ job, input: { request: { inline: '{}' }, inputs: [] }, limits });
    if (index % 3 === 0) await engine.store.apply(job.id, { type: 'cancel' }, createdAt + 500);
  };
  for (let from = 0; from < count; from += 500) {
    await Promise.all(Array.from({ length: Math.min(500, count - from) }, (_, index) => write(from + index)));
  }
  await engine.close();
  return begin;
}

export interface AxeFinding {
  readonly id: string;
  readonly places: readonly string[];
}

/** What axe has against the page as it is. @param rules those alone; left out: all that axe has */
export async function accessibilityFindings(
  page: Page,
  rules?: readonly string[],
): Promise<readonly AxeFinding[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  const options = { resultTypes: ['violations'], ...(rules === undefined ? {} : { runOnly: rules }) };
  return page.evaluate<AxeFinding[]>(`axe.run(document, ${JSON.stringify(options)}).then(({ violations }) =>
    violations.map(({ id, nodes }) => ({ id, places: nodes.map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary) })))`);
}
