import { firstLife, type Position } from '../protocol/cursor.js';

/**
 * The lives of a log. A copy of a data directory has the epoch and the numbers of the original, and both continue from
 * there with different facts under the same numbers. Their lives differ: each start of an engine has an id of its own
 * that no copy has, and its life begins where the log ended at that start.
 */

export interface Life {
  readonly life: string;
  /** Sequence of its first fact; the life ends where the next one begins. */
  readonly first: number;
}

export interface LogState {
  readonly epoch: string;
  /**
   * In the order of their first facts, as far back as the log goes. The last one is under way and may have none yet.
   */
  readonly lives: readonly Life[];
  /** Sequence of the last fact. */
  readonly last: number;
  /** Sequence of the last fact that retention took away; 0 if none. */
  readonly trimmedTo: number;
}

/** What places in a log are named by. */
export type LogName = Pick<LogState, 'epoch' | 'lives'>;

/** The lives of a log without facts. */
export const newLives: readonly Life[] = [{ life: firstLife, first: 0 }];

/** Digits in base 36 of a life's id: two starts on copies of one log must never have the same. */
const idLength = 8;

/** @param random whole numbers from 0 to below `bound`, from a cryptographic source: copies of a machine must differ */
export function newLifeId(random: (bound: number) => number): string {
  return Array.from({ length: idLength }, () => random(36).toString(36)).join('');
}

/** A place by its full name: the same one for as long as the place is in the log, whatever starts later. */
export function positionAt({ epoch, lives }: LogName, seq: number): Position {
  let at = lives.length - 1;
  // Nearly always the last life, or the one before it.
  while (at >= 0 && (lives[at]?.first ?? 0) > seq) at -= 1;
  // A position before all known lives was trimmed together with its life; no subscriber resumes from there.
  return { epoch, life: lives[at]?.life ?? firstLife, seq };
}

/**
 * Whether a place is one of this log, trimmed or not: then every fact up to it is one that this log has, or had. A
 * place that only another copy of the log has reached is none.
 */
export function isPlaceOf(log: LogState, { epoch, life, seq }: Position): boolean {
  return epoch === log.epoch && seq <= log.last && positionAt(log, seq).life === life;
}

/**
 * The lives including the current one, which begins at the end of the log. It is stored with its first fact: a start
 * that writes nothing leaves no trace and needs no room on the disk.
 */
export function livesWith(
  { lives, last, trimmedTo }: Omit<LogState, 'epoch'>,
  life: string,
): readonly Life[] {
  if (lives.at(-1)?.life === life) return lives;
  const written = lives.filter(({ first }) => first <= last);
  return [...livesAfterTrim(written, trimmedTo), { life, first: last + 1 }];
}

/**
 * Removes the lives that ended before the position that the log was trimmed to. A subscriber can still resume from that
 * position.
 */
export function livesAfterTrim(lives: readonly Life[], trimmedTo: number): readonly Life[] {
  return lives.filter((_, at) => (lives[at + 1]?.first ?? Number.POSITIVE_INFINITY) > trimmedTo);
}
