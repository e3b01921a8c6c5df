import type { Readable } from 'node:stream';

/** A message to another server, for a caller. */
export interface SendOrder {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the whole of it: names, connection, and the answer. Milliseconds. */
  readonly timeoutMs: number;
  /** Of the answer's body; what comes after it is not read. */
  readonly answerMaxBytes: number;
  readonly signal?: AbortSignal;
}

/** Any answer of the other server, also one that redirects: a message is not sent on. */
export interface SentAnswer {
  readonly ok: true;
  readonly status: number;
  readonly retryAfter?: string;
  /** The beginning of the body, read as UTF-8. */
  readonly body: string;
}

/** The beginning of a body; whatever breaks it off ends it. */
export async function beginningOf(body: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      length += bytes.length;
      if (length >= maxBytes) break;
    }
  } catch {
    // The status is what counts.
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
}
