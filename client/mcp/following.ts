import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { EndedJob, Inkwire, JobRecord, JobRequest } from '../sdk/node.js';

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** Tells the caller how far its call is, where it asked for that: values only grow, as the protocol wants it. */
export function tellerOf(extra: Extra): (progress: number, total: number, message: string) => Promise<void> {
  const token = extra._meta?.progressToken;
  let last = -1;
  return async (progress, total, message) => {
    if (token === undefined || progress <= last) return;
    last = progress;
    const params = { progressToken: token, progress, total, message };
    await extra.sendNotification({ method: 'notifications/progress', params });
  };
}

/**
 * Makes a job and follows it to its end over the stream, progress told as it comes. A call that is cancelled cancels the
 * job: its thread is stopped.
 */
export async function makeJob(
  inkwire: Inkwire,
  request: JobRequest | FormData,
  extra: Extra,
): Promise<EndedJob> {
  const job = await inkwire.submit(request, { strict: true, signal: extra.signal });
  try {
    return await followJob(inkwire, job.job_id, extra);
  } catch (error) {
    if (extra.signal.aborted) await inkwire.cancel(job.job_id);
    throw error;
  }
}

export async function followJob(inkwire: Inkwire, jobId: string, extra: Extra): Promise<EndedJob> {
  const tell = tellerOf(extra);
  const { signal } = extra;
  for await (const item of inkwire.watch(jobId, { signal })) {
    if (item.type === 'reset' || !('job' in item)) continue;
    await tell(item.job.progress ?? 0, 100, saidOf(item.job));
  }
  return inkwire.waitFor(jobId, { signal });
}

type Told = Pick<JobRecord, 'status' | 'pages_done' | 'pages_total' | 'message'>;

function saidOf({ status, pages_done: done, pages_total: total, message }: Told): string {
  if (status !== 'running') return status;
  if (done !== undefined && total !== undefined) return `${done} of ${total} pages`;
  return message ?? status;
}
