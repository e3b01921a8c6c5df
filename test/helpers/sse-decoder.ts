/** An event as the WHATWG parser dispatches it. */
export interface DecodedEvent {
  readonly event: string;
  /** Only when this very event had an `id` line. */
  readonly id?: string;
  readonly data?: string;
  readonly retryMs?: number;
}

/** Text of an event stream in pieces of any size, as a browser reads it (WHATWG HTML, 9.2.6). */
export class SseDecoder {
  #rest = Buffer.alloc(0);
  #event = '';
  #data: string[] = [];
  #id: string | undefined;
  #retryMs: number | undefined;
  /** As a browser keeps it for `Last-Event-ID`: only whole events count. */
  lastEventId = '';

  push(bytes: Uint8Array): readonly DecodedEvent[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const events: DecodedEvent[] = [];
    for (let start = 0; ; ) {
      const end = this.#rest.indexOf(0x0a, start);
      if (end === -1) {
        this.#rest = Buffer.from(this.#rest.subarray(start));
        return events;
      }
      const line = this.#rest.toString('utf8', start, end);
      start = end + 1;
      if (line.includes('\r')) throw new Error('This server ends lines with LF alone');
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
  }

  #line(line: string): DecodedEvent | undefined {
    if (line === '') return this.#dispatch();
    if (line.startsWith(':')) return undefined;
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id') this.#id = value;
    else if (name === 'retry') this.#retryMs = Number(value);
    else throw new Error(`There is no field ${name}`);
    return undefined;
  }

  #dispatch(): DecodedEvent | undefined {
    const [event, id, data, retryMs] = [this.#event, this.#id, this.#data, this.#retryMs];
    this.#event = '';
    this.#id = undefined;
    this.#data = [];
    this.#retryMs = undefined;
    if (id !== undefined) this.lastEventId = id;
    if (data.length === 0 && retryMs === undefined) return undefined;
    return {
      event: event === '' ? 'message' : event,
      ...(id === undefined ? {} : { id }),
      ...(data.length === 0 ? {} : { data: data.join('\n') }),
      ...(retryMs === undefined ? {} : { retryMs }),
    };
  }
}
