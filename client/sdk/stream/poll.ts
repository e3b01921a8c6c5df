import type { ProgressEvent, ResetReason, StreamEvent } from '../../../src/protocol/event.js';
import type { JobRecord } from '../../../src/protocol/job-record.js';
import { InkwireError } from '../error.js';
import { canUnite, latestOfLives, MergedSubscription } from './merged-subscription.js';
import type { Ask, ServerSubscription, Subscription } from './subscription.js';
import type { Environment } from './transport.js';

/** P-36, P-37. */
interface PollAnswer {
  readonly events: readonly StreamEvent[];
  readonly progress?: readonly ProgressEvent[];
  readonly cursor: string;
  readonly more: boolean;
  readonly reset?: { readonly reason: ResetReason };
  readonly snapshot?: { readonly jobs: readonly JobRecord[]; readonly truncated: boolean };
}

/** The server, and the credentials for it. */
export type Server = Pick<Environment, 'http' | 'auth' | 'after'>;

export interface PollPace {
  /** Seconds for the server to hold a request without news; 0 to 60. */
  readonly wait: number;
  /** Events of one answer. */
  readonly limit: number;
}

export const eventsPath = '/api/v1/events';
/** Of a request that is held: each progress value is an answer of its own. */
const leastProgressMs = 1_000;
/** For an answer, added to what the server holds a request. */
const answerMs = 10_000;
/** Subscriptions that are brought up to date side by side. */
const atOnce = 4;

/** What a subscription asks for, as the query of `GET /api/v1/events`. */
export function queryOf({ topics, after, snapshot, progress_ms, types }: Ask): [string, string][] {
  const query = topics.map((topic): [string, string] => ['topic', topic]);
  query.push(['progress_ms', String(progress_ms)]);
  if (after !== undefined) query.push(['after', after]);
  if (!snapshot) query.push(['snapshot', 'false']);
  if (types !== undefined) query.push(['types', types.join()]);
  return query;
}

/** What goes into the query of a stream's request where there is no key. */
export async function ticketQuery(
  { http, auth }: Pick<Server, 'http' | 'auth'>,
  signal: AbortSignal,
): Promise<[string, string][]> {
  const ticket = auth.byTicket ? await auth.ticketFor(http, signal) : undefined;
  return ticket === undefined ? [] : [['ticket', ticket]];
}

/** The outcome of one answer. */
export interface Polled {
  /** There is more to ask for at once. */
  readonly more: boolean;
  /** It has brought events or progress. */
  readonly news: boolean;
  /** The cursor was not honoured (P-20). */
  readonly reset: boolean;
}

/** Sends one request for what happened after the cursor of a server subscription, and hands on the answer. */
export async function poll(
  { http, auth, after }: Server,
  part: ServerSubscription,
  pace: PollPace,
  given: AbortSignal,
): Promise<Polled> {
  const late = new AbortController();
  const stop = after(pace.wait * 1000 + answerMs, () =>
    late.abort(new InkwireError('network-error', 'no answer came')),
  );
  const signal = AbortSignal.any([given, late.signal]);
  const ask = part.ask();
  const paceMs = Math.max(ask.progress_ms, leastProgressMs);
  const query = queryOf(ask.progress_ms === 0 ? ask : { ...ask, progress_ms: paceMs });
  query.push(['wait', String(pace.wait)], ['limit', String(pace.limit)]);
  const answer = await ticketQuery({ http, auth }, signal)
    .then((ticket) => {
      const call = { query: [...query, ...ticket], signal, retry: false };
      return http.json<PollAnswer>('GET', eventsPath, call);
    })
    .finally(stop);
  // The connection or the request may have been given up meanwhile.
  signal.throwIfAborted();
  const { cursor, reset, snapshot, events, progress = [], more } = answer;
  if (reset !== undefined) part.reset(reset.reason, cursor);
  else if (ask.after === undefined) part.begin(cursor);
  if (snapshot !== undefined) part.snapshot({ ...snapshot, more: false });
  for (const event of events) part.fact(event);
  for (const event of progress) part.progress(event);
  part.reached(cursor);
  return { more, news: events.length + progress.length > 0, reset: reset !== undefined };
}

/**
 * Makes one server subscription for all subscriptions. Those that cannot be merged with the others yet are first
 * brought up to date, each by requests of its own; a refusal of one of them ends that one alone. The latest of those
 * that are ahead is brought up to date, too: a server that was set back honours the earliest cursor and has lost what
 * came after it (P-22).
 * @param each also those that could be merged: the server refuses something to one of them
 */
export async function unite(
  server: Server,
  all: ReadonlySet<Subscription>,
  options: { readonly each: boolean; readonly limit: number; readonly signal: AbortSignal; onReset(): void },
): Promise<MergedSubscription> {
  const subscriptions = [...all];
  const odd =
    options.each || !canUnite(subscriptions.filter((one) => one.cursor !== undefined))
      ? [...subscriptions]
      : [...subscriptions.filter((one) => one.cursor === undefined), ...latestOfLives(subscriptions)];
  const pace = { wait: 0, limit: options.limit };
  let lost = false;
  const bringUpToDate = async (subscription: Subscription): Promise<void> => {
    try {
      let polled: Polled;
      do {
        polled = await poll(server, subscription, pace, options.signal);
        lost ||= polled.reset;
      } while (polled.more);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      subscription.fail(error);
    }
  };
  while (odd.length > 0) await Promise.all(odd.splice(0, atOnce).map(bringUpToDate));
  // Others may have lost their place, too, and each has its own.
  if (lost && !options.each) return unite(server, all, { ...options, each: true });
  return new MergedSubscription(
    subscriptions.filter((one) => all.has(one)),
    options.onReset,
  );
}

/** Whether a request was refused for what it asks for: it would be again. */
export function isRefusal(error: unknown): boolean {
  // Without a problem, a proxy refused the request, not the server.
  return (
    error instanceof InkwireError &&
    error.slug !== 'unexpected-answer' &&
    [403, 404, 422].includes(error.status)
  );
}
