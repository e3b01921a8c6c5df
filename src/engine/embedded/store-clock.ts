import type { ClaimRequest, Store, Submission } from '../engine.js';
import type { Library } from '../library.js';
import type { Once } from '../once.js';
import type { SweepRequest } from '../retention.js';

/**
 * How far a caller's clock may be from the store's and still be believed: a call waits for its turn, and two readings of
 * one clock are never the same.
 */
const believedMs = 1_000;

/** How far a caller's clock is ahead of the store's; 0 where it is believed. */
type Ahead = (now: number) => number;

function aheadOf(clock: () => number): Ahead {
  return (now) => {
    const ahead = now - clock();
    return Math.abs(ahead) <= believedMs ? 0 : ahead;
  };
}

/** A store that goes by its own clock: the times of each call are moved by what its caller's clock is ahead. */
export function storeByClock(store: Store, clock: () => number): Store {
  const aheadBy = aheadOf(clock);
  return {
    ...store,
    submit: (submission) =>
      store.submit(moved(submission, aheadBy(submission.now ?? submission.job.createdAt))),
    claim: (request) => store.claim(earlierClaim(request, aheadBy(request.now))),
    apply: (id, command, now, ...more) => store.apply(id, command, now - aheadBy(now), ...more),
    extend: (worker, held, leaseUntil, now) => {
      const ahead = aheadBy(now);
      return store.extend(worker, held, leaseUntil - ahead, now - ahead);
    },
    beat: (worker, until, now) => {
      const ahead = aheadBy(now);
      return store.beat(worker, until - ahead, now - ahead);
    },
    agree: (agreement) => {
      const ahead = aheadBy(agreement.now);
      return store.agree({ ...agreement, until: agreement.until - ahead, now: agreement.now - ahead });
    },
    hold: (duty, worker, now) => store.hold(duty, worker, now - aheadBy(now)),
    reclaimAbsent: (now) => store.reclaimAbsent(now - aheadBy(now)),
    sweep: (request) => store.sweep(earlier(request, aheadBy(request.now))),
  };
}

export function libraryByClock(library: Library, clock: () => number): Library {
  const aheadBy = aheadOf(clock);
  return {
    ...library,
    put: (version) => library.put({ ...version, now: version.now - aheadBy(version.now) }),
    retire: (retirement) => library.retire({ ...retirement, now: retirement.now - aheadBy(retirement.now) }),
  };
}

export function onceByClock(once: Once, clock: () => number): Once {
  const aheadBy = aheadOf(clock);
  return {
    put: (entry, now) => once.put(entry, now - aheadBy(now)),
    take: (place, now) => once.take(place, now - aheadBy(now)),
  };
}

function moved(submission: Submission, ahead: number): Submission {
  if (ahead === 0) return submission;
  const { job, now = job.createdAt, idempotency } = submission;
  const { createdAt, readyAt, waitDeadline } = job;
  const key =
    idempotency === undefined
      ? {}
      : { idempotency: { ...idempotency, expiresAt: idempotency.expiresAt - ahead } };
  return {
    ...submission,
    ...key,
    now: now - ahead,
    job: {
      ...job,
      createdAt: createdAt - ahead,
      readyAt: readyAt - ahead,
      waitDeadline: waitDeadline - ahead,
    },
  };
}

function earlierClaim(request: ClaimRequest, ahead: number): ClaimRequest {
  return { ...request, now: request.now - ahead, leaseUntil: request.leaseUntil - ahead };
}

function earlier(request: SweepRequest, ahead: number): SweepRequest {
  return { ...request, now: request.now - ahead };
}
