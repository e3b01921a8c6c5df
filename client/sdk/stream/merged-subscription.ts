import { isLater } from '../../../src/protocol/cursor.js';
import type { ProgressEvent, ResetReason, StreamEvent } from '../../../src/protocol/event.js';
import type { Ask, ServerSubscription, SnapshotPart, Subscription } from './subscription.js';

/** Of one subscription of the server (P-15). */
const maxTopics = 100;

/**
 * Of the subscriptions that are ahead of the earliest one, the latest in each life of the log: when the server accepts
 * its cursor, it has everything before it, too (P-22).
 */
export function latestOfLives(subscriptions: readonly Subscription[]): readonly Subscription[] {
  const placed = subscriptions.filter(({ cursor }) => cursor !== undefined);
  const least = earliest(placed) ?? '';
  const latest = new Map<string, Subscription>();
  for (const one of placed) {
    const { cursor = '' } = one;
    const life = cursor.split('.')[1] ?? '';
    if (isLater(cursor, latest.get(life)?.cursor ?? least)) latest.set(life, one);
  }
  return [...latest.values()];
}

/** The earliest of the cursors, or undefined when they cannot be compared or one is missing. */
function earliest(subscriptions: readonly Subscription[]): string | undefined {
  let least = subscriptions[0]?.cursor;
  for (const { cursor } of subscriptions) {
    const later = cursor === undefined || least === undefined ? undefined : isLater(least, cursor);
    if (later === undefined) return undefined;
    if (later) least = cursor;
  }
  return least;
}

/** Whether these can share one subscription of the server: all have a cursor, and of the same epoch. */
export function canUnite(subscriptions: readonly Subscription[]): boolean {
  return earliest(subscriptions) !== undefined;
}

/**
 * All subscriptions of the client as one of the server, for transports that carry only one. It begins at the earliest
 * cursor; each subscription leaves out what it was given already.
 */
export class MergedSubscription implements ServerSubscription {
  /** The subscriptions that share it. One that is removed gets nothing more. */
  readonly members: Set<Subscription>;
  readonly #onReset: () => void;
  #void = false;

  /** @param onReset called when the cursors are of no use any more: each subscription has to begin anew by itself */
  constructor(members: Iterable<Subscription>, onReset: () => void) {
    this.members = new Set(members);
    this.#onReset = onReset;
  }

  ask(): Ask {
    const subscriptions = [...this.members];
    const asks = subscriptions.map((subscription) => subscription.ask());
    const topics = [...new Set(asks.flatMap((ask) => ask.topics))];
    const paces = asks.map((ask) => ask.progress_ms).filter((pace) => pace > 0);
    const each = asks.map((ask) => ask.types);
    return {
      // More topics than one subscription may name: it follows all jobs of the owner, and each member takes its own.
      topics: topics.length > maxTopics ? ['jobs'] : topics,
      snapshot: false,
      progress_ms: paces.length === 0 ? 0 : Math.min(...paces),
      after: earliest(subscriptions),
      types: each.includes(undefined) ? undefined : [...new Set(each.flatMap((types) => types ?? []))],
    };
  }

  begin(): void {}

  reset(reason: ResetReason, cursor: string): void {
    this.#each((subscription) => subscription.reset(reason, cursor));
    this.#void = true;
    this.#onReset();
  }

  /** Only after a reset: each subscription asks for its own, since a snapshot of all could be cut short for one. */
  snapshot(_part: SnapshotPart): void {}

  fact(event: StreamEvent): void {
    this.#each((subscription) => subscription.fact(event));
  }

  progress(event: ProgressEvent): void {
    this.#each((subscription) => subscription.progress(event));
  }

  reached(cursor: string): void {
    this.#each((subscription) => subscription.reached(cursor));
  }

  #each(act: (subscription: Subscription) => void): void {
    if (!this.#void) this.members.forEach(act);
  }
}
