import type { InkwireOptions } from './types.js';

export type RequestHeaders = Readonly<Record<string, string>>;

/** What is needed of `Http` to get a ticket. */
export interface TicketSource {
  json<T>(
    method: 'POST',
    path: string,
    call: { readonly retry: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
}

/**
 * The credentials of a client: a key, tickets, or none. An error that a function of the options throws reaches the
 * caller.
 */
export interface Auth {
  /** There is no key: every request of a stream needs a ticket in its query. */
  readonly byTicket: boolean;
  /**
   * Headers of a request; empty without a key. The same object until there is another key.
   * @param refused the headers that a request was given before and the server answered with 401. A key function is then
   *   called again, once for all requests that had the same headers. Without a key function the same object comes back.
   */
  headers(refused?: RequestHeaders): RequestHeaders | Promise<RequestHeaders>;
  /** A ticket for one connection that cannot carry headers; undefined where none is needed. */
  ticketFor(http: TicketSource, signal?: AbortSignal): Promise<string | undefined>;
}

export function authOf({ key, ticket }: Pick<InkwireOptions, 'key' | 'ticket'>): Auth {
  let held: RequestHeaders | undefined = typeof key === 'function' ? undefined : bearer(key);
  let asking: Promise<RequestHeaders> | undefined;
  return {
    byTicket: ticket !== undefined,
    headers(refused) {
      if (held !== undefined && (held !== refused || typeof key !== 'function')) return held;
      if (asking === undefined) {
        held = undefined;
        asking = ask().finally(() => {
          asking = undefined;
        });
      }
      return asking;
    },
    async ticketFor(http, signal) {
      if (ticket !== undefined) return ticket();
      if (key === undefined || key === '') return undefined;
      const call = { retry: true, signal };
      return (await http.json<{ readonly ticket: string }>('POST', '/api/v1/tickets', call)).ticket;
    },
  };

  async function ask(): Promise<RequestHeaders> {
    held = bearer(typeof key === 'function' ? await key() : key);
    return held;
  }
}

function bearer(key: string | undefined): RequestHeaders {
  return key === undefined || key === '' ? {} : { authorization: `Bearer ${key}` };
}
