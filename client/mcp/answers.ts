import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { type Inkwire, InkwireError, type JobRecord } from '../sdk/node.js';

type Content = CallToolResult['content'][number];

/** Pictures of pages are so wide unless the caller says otherwise: words of a page can be read. */
export const defaultWidth = 800;

export function told(value: unknown, more: readonly Content[] = []): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value, null, 1) }, ...more] };
}

export function refused(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text }] };
}

/** Runs a tool; what it rejects with becomes an answer that says what to change, since an agent can do something about it. */
export async function answered(work: () => Promise<CallToolResult>): Promise<CallToolResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const defects = error instanceof InkwireError ? error.errors : [];
    const lines = defects.map(
      ({ pointer, message }) => `${pointer === '' ? 'the request' : pointer} ${message}`,
    );
    return refused([error.message, ...lines].join('\n'));
  }
}

/** A page of what a completed job has made, as a picture; nothing where it has no pages. */
export async function pageOf(
  inkwire: Inkwire,
  jobId: string,
  page: number,
  width: number,
): Promise<readonly Content[]> {
  const picture = await inkwire.thumbnail(jobId, { page, width });
  return [await imageOf(picture)];
}

export async function imageOf(picture: Blob): Promise<Content> {
  const data = Buffer.from(await picture.arrayBuffer()).toString('base64');
  return { type: 'image', data, mimeType: picture.type.split(';')[0] || 'image/png' };
}

/** What an agent needs of a record. */
export function briefly(job: JobRecord): Readonly<Record<string, unknown>> {
  const { job_id, status, kind, title, group, progress, pages, size_bytes, error, error_code, warnings } =
    job;
  const result = job.status === 'completed' ? { result: `inkwire://jobs/${job_id}/result` } : {};
  return {
    job_id,
    status,
    kind,
    title,
    group,
    progress,
    pages,
    size_bytes,
    error,
    error_code,
    warnings,
    ...result,
  };
}
