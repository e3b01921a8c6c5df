import type { Topic } from '../protocol/topic.js';

/** What a ticket lets its bearer do, once. */
export interface Ticket<Caller> {
  readonly caller: Caller;
  /** Undefined: every topic of the owner. */
  readonly topics?: readonly Topic[];
  readonly expiresAt: number;
}

export const ticketLifeMs = 60_000;
/**
 * Unused tickets, and the topics of all of them together. Past the bound the oldest go: they are the first to expire
 * anyway.
 */
const maxWaiting = 100_000;
const maxTopics = 100_000;

/** Single-use passes for browsers, which cannot set headers on a stream (P-45). In memory: they live for a minute. */
export class Tickets<Caller> {
  readonly #waiting = new Map<string, Ticket<Caller>>();
  #topics = 0;
  readonly #clock: () => number;
  readonly #random: () => string;

  /** @param random an unguessable text that is safe in a URL, at least 128 bits of chance */
  constructor(clock: () => number, random: () => string) {
    this.#clock = clock;
    this.#random = random;
  }

  issue(caller: Caller, topics?: readonly Topic[]): { readonly ticket: string; readonly expiresAt: number } {
    this.#forgetOld();
    const ticket = this.#random();
    const expiresAt = this.#clock() + ticketLifeMs;
    this.#waiting.set(ticket, { caller, expiresAt, ...(topics === undefined ? {} : { topics }) });
    this.#topics += topics?.length ?? 0;
    return { ticket, expiresAt };
  }

  /** Takes the ticket, which then cannot be used again; undefined for one that is unknown, used or too old. */
  redeem(text: string): Ticket<Caller> | undefined {
    const ticket = this.#take(text);
    return ticket !== undefined && ticket.expiresAt > this.#clock() ? ticket : undefined;
  }

  /** All live equally long, so the oldest come first. */
  #forgetOld(): void {
    const now = this.#clock();
    for (const [text, { expiresAt }] of this.#waiting) {
      if (expiresAt > now && this.#waiting.size < maxWaiting && this.#topics < maxTopics) return;
      this.#take(text);
    }
  }

  #take(text: string): Ticket<Caller> | undefined {
    const ticket = this.#waiting.get(text);
    this.#waiting.delete(text);
    this.#topics -= ticket?.topics?.length ?? 0;
    return ticket;
  }
}
