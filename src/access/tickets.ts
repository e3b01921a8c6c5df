import type { Once } from '../engine/once.js';
import { type Problem, problem } from '../protocol/problem.js';
import { formatTopic, parseTopic, type Topic } from '../protocol/topic.js';
import { type Caller, digestOf } from './keys.js';

/** What a ticket lets its bearer do, once. */
export interface Ticket {
  readonly caller: Caller;
  /** Undefined: every topic of the owner. */
  readonly topics?: readonly Topic[];
}

export type Issued =
  | { readonly ok: true; readonly ticket: string; readonly expiresAt: number }
  | { readonly ok: false; readonly problem: Problem };

export const ticketLifeMs = 60_000;
const collection = 'tickets';
/** Unused tickets of one owner, and the letters of all their topics: a flood of one owner takes nothing from another. */
export const ticketLimits = { entries: 10_000, length: 16 * 1024 * 1024 } as const;

/** As it waits in the store. */
interface StoredTicket {
  readonly caller: Caller;
  readonly topics?: readonly string[];
}

export interface TicketParts {
  readonly once: Once;
  readonly clock: () => number;
  /** So many milliseconds of late the process stood: nobody could use a ticket. */
  readonly stoodMs: () => number;
  /** An unguessable text that is safe in a URL, at least 128 bits of chance. */
  readonly random: () => string;
}

/**
 * Single-use passes for browsers, which cannot set headers on a stream (P-45). The store has the digest of a ticket
 * only: who reads the store or a backup of it can open nothing with it.
 */
export class Tickets {
  readonly #parts: TicketParts;

  constructor(parts: TicketParts) {
    this.#parts = parts;
  }

  async issue(caller: Caller, topics?: readonly Topic[]): Promise<Issued> {
    const { once, clock, random } = this.#parts;
    const ticket = random();
    const stored: StoredTicket = {
      caller,
      ...(topics === undefined ? {} : { topics: topics.map(formatTopic) }),
    };
    const entry = {
      ...placeOf(ticket),
      owner: caller.owner,
      value: JSON.stringify(stored),
      ttlMs: ticketLifeMs,
      limits: ticketLimits,
    };
    const outcome = await once.put(entry, clock());
    switch (outcome.type) {
      case 'stored':
        return { ok: true, ticket, expiresAt: outcome.expiresAt };
      case 'full': {
        const detail = `Too many tickets of yours wait to be used; each is forgotten after ${ticketLifeMs / 1000} s.`;
        return { ok: false, problem: problem('client-rate-exceeded', detail, { retryAfter: 10 }) };
      }
      case 'exists':
      case 'too-large':
        // 100 topics at their longest fit, and chance does not repeat itself.
        throw new Error(`A ticket was refused as ${outcome.type}`);
    }
  }

  /** Takes the ticket, which then cannot be used again; undefined for one that is unknown, used or too old. */
  async redeem(text: string): Promise<Ticket | undefined> {
    const { once, clock, stoodMs } = this.#parts;
    const value = await once.take({ ...placeOf(text), lateMs: stoodMs() }, clock());
    if (value === undefined) return undefined;
    // Only `issue` writes the text.
    const { caller, topics }: StoredTicket = JSON.parse(value);
    return { caller, ...(topics === undefined ? {} : { topics: topics.flatMap(topicOf) }) };
  }
}

function placeOf(ticket: string): { readonly collection: string; readonly key: string } {
  return { collection, key: digestOf(ticket).toString('hex') };
}

/** None for a text that a newer program has written: the ticket is for less, then. */
function topicOf(text: string): readonly Topic[] {
  const topic = parseTopic(text);
  return topic === undefined ? [] : [topic];
}
