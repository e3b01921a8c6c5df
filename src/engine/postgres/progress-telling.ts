import type { Asking } from './pool.js';

/**
 * Tells the other nodes of progress: by a message, and by rows while there are nodes that no message reaches.
 * @param payload see `PostgresBus`
 */
export async function tellProgress(ask: Asking, channel: string, payload: string): Promise<void> {
  await ask(
    `WITH told AS (SELECT pg_notify($1, $2)), kept AS (
       INSERT INTO progress (job, node, at, value)
       SELECT p ->> 'jobId', $2::json ->> 'node', clock_timestamp(), p::text FROM json_array_elements($2::json -> 'progress') p
       WHERE EXISTS (SELECT FROM present WHERE until > now())
       ON CONFLICT (job) DO UPDATE SET node = excluded.node, at = excluded.at, value = excluded.value)
     SELECT FROM told`,
    [channel, payload],
  );
}
