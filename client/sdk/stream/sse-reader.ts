/** One event of an event stream (WHATWG HTML, 9.2.6). */
export interface SseMessage {
  /** `message` when the stream names none. */
  readonly event: string;
  readonly data: string;
  /** The `id` of this event; undefined where it has none. */
  readonly id?: string;
}

export interface SseHandlers {
  message(message: SseMessage): void;
  /** Milliseconds that the server asks a client to wait before it comes back. */
  retry(ms: number): void;
}

/** Reads an event stream from texts that are cut anywhere. Returns what takes the next text. */
export function sseReader({ message, retry }: SseHandlers): (text: string) => void {
  let rest = '';
  let event = '';
  let data: string[] = [];
  let id: string | undefined;

  const line = (text: string): void => {
    if (text === '') {
      if (data.length > 0) {
        message({ event: event || 'message', data: data.join('\n'), ...(id === undefined ? {} : { id }) });
      }
      event = '';
      data = [];
      id = undefined;
      return;
    }
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + (text[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) retry(Number(value));
  };

  return (text) => {
    // A CR at the end may be half of a CRLF: it waits for what follows.
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const each of lines) line(each);
  };
}
