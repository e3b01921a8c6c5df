/** Text of Server-Sent Events (WHATWG HTML, 9.2). Everything that is sent comes from here. */

export interface SseEvent {
  readonly event?: string;
  /** Sets the browser's `Last-Event-ID`. */
  readonly id?: string;
  /** Any text; each of its lines becomes a line of data. */
  readonly data?: string;
  /** Milliseconds until the browser's next connection. */
  readonly retryMs?: number;
}

const lineEnd = /\r\n|\r|\n/;

/** @throws RangeError for an `event` or `id` with a line end or NUL in it: it would end the field or be ignored */
export function sseText({ event, id, data, retryMs }: SseEvent): string {
  let text = '';
  if (retryMs !== undefined) text += `retry: ${Math.max(0, Math.round(retryMs))}\n`;
  if (event !== undefined) text += `event: ${field(event)}\n`;
  if (id !== undefined) text += `id: ${field(id)}\n`;
  if (data !== undefined) {
    // Most data is JSON on one line.
    if (lineEnd.test(data)) for (const line of data.split(lineEnd)) text += `data: ${line}\n`;
    else text += `data: ${data}\n`;
  }
  return `${text}\n`;
}

/** Ignored by every reader; keeps a connection open. */
export function sseComment(text: string): string {
  return `: ${field(text)}\n\n`;
}

function field(text: string): string {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x0a || code === 0x0d || code === 0)
      throw new RangeError('A field of an event has one line');
  }
  return text;
}
