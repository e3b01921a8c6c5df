import { type FactType, factTypes } from '../../protocol/fact.js';
import type { LogTable } from '../embedded/tables.js';
import type { FactsRead, LogViews } from '../embedded/views.js';
import type { Fact, FactFilter } from '../engine.js';
import type { Life } from '../lives.js';
import { type Connection, integerOf, type Row, type Statement, textOf } from './sql.js';
import { tagsOfText, textOfTag, textOfTags } from './tag-text.js';

/** Rows that one read looks at when a filter is left over that no index answers. */
const readWindow = 1_000;

/** The event log. Numbers are given here, without gaps and never twice: the last one is known as long as it matters. */
export class LogRows implements LogTable, LogViews {
  readonly epoch: string;
  readonly #append: Statement;
  readonly #ofOwner: Reading;
  readonly #ofJob: Reading;
  readonly #ofGroup: Reading;
  readonly #every: Statement;
  readonly #older: Statement;
  readonly #trim: Statement;
  readonly #setTrimmedTo: Statement;
  readonly #readLast: Statement;
  readonly #readTrimmedTo: Statement;
  readonly #readLives: Statement;
  readonly #forgetLives: Statement;
  readonly #addLife: Statement;
  #last = 0;
  #trimmedTo = 0;
  #lives: readonly Life[] = [];

  constructor(connection: Connection) {
    this.epoch = textOf(connection.prepare(`SELECT value FROM meta WHERE name = 'epoch'`).one()?.[0]);
    this.#append = connection.prepare(
      `INSERT INTO facts (seq, at, type, owner, job, kind, grp, tags, rev, record)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#ofOwner = new Reading(connection, 'facts_owner', 'owner = ?3');
    this.#ofJob = new Reading(connection, 'facts_job', `job = ?3 AND job <> ''`);
    this.#ofGroup = new Reading(connection, 'facts_group', 'grp = ?3');
    this.#every = connection.prepare(
      'SELECT seq, at, type, owner, job, kind, grp, tags, rev, record FROM facts WHERE seq > ? ORDER BY seq LIMIT ?',
    );
    this.#older = connection.prepare(
      'SELECT count(*) FROM (SELECT at FROM facts ORDER BY seq LIMIT ?) WHERE at < ?',
    );
    this.#trim = connection.prepare('DELETE FROM facts WHERE seq <= ?');
    this.#setTrimmedTo = connection.prepare(`UPDATE meta SET value = ? WHERE name = 'trimmed_to'`);
    this.#readLast = connection.prepare('SELECT max(seq) FROM facts');
    this.#readTrimmedTo = connection.prepare(`SELECT value FROM meta WHERE name = 'trimmed_to'`);
    this.#readLives = connection.prepare('SELECT life, first FROM lives ORDER BY first');
    this.#forgetLives = connection.prepare('DELETE FROM lives');
    this.#addLife = connection.prepare('INSERT INTO lives (life, first) VALUES (?, ?)');
    this.reload();
  }

  get last(): number {
    return this.#last;
  }

  get trimmedTo(): number {
    return this.#trimmedTo;
  }

  get lives(): readonly Life[] {
    return this.#lives;
  }

  reload(): void {
    this.#trimmedTo = integerOf(this.#readTrimmedTo.one()?.[0]);
    // An empty log ends where it was trimmed.
    this.#last = integerOf(this.#readLast.one()?.[0] ?? this.#trimmedTo);
    this.#lives = this.#readLives
      .all()
      .map(([life, first]) => ({ life: textOf(life), first: integerOf(first) }));
  }

  append(fact: Omit<Fact, 'seq'>): Fact {
    const seq = this.#last + 1;
    const { at, type, owner, jobId, kind, group, tags, rev, record } = fact;
    const tagged = textOfTags(tags) ?? null;
    this.#append.run(seq, at, type, owner, jobId, kind, group ?? null, tagged, rev, record);
    this.#last = seq;
    return { seq, ...fact };
  }

  oldestOf(owner: string, jobId: string): Fact | undefined {
    return this.read({ owner, jobId, after: 0, limit: 1 }).facts[0];
  }

  read(filter: FactFilter): FactsRead {
    const { owner, jobId, group } = filter;
    if (jobId !== undefined) return this.#ofJob.read(filter, jobId, this.#last);
    if (group !== undefined) return this.#ofGroup.read(filter, group, this.#last);
    return this.#ofOwner.read(filter, owner, this.#last);
  }

  every(after: number, limit: number): FactsRead {
    const facts = this.#every.all(after, limit).map(factOf);
    return { facts, reached: facts.at(-1)?.seq ?? this.#last };
  }

  countOlder(before: number, limit: number): number {
    return integerOf(this.#older.one(limit, before)?.[0]);
  }

  trim(to: number): void {
    this.#trim.run(to);
    this.#setTrimmedTo.run(to);
    this.#trimmedTo = to;
  }

  /** Few rows, and written with the first fact of a start and when one of them is forgotten. */
  setLives(lives: readonly Life[]): void {
    this.#forgetLives.run();
    for (const { life, first } of lives) this.#addLife.run(life, first);
    this.#lives = lives;
  }
}

/** Reads along one index, through a window of rows whose order the outer query keeps. */
class Reading {
  readonly #matching: Statement;
  readonly #windowEnd: Statement;

  constructor(connection: Connection, index: string, term: string) {
    const range = `FROM facts INDEXED BY ${index} WHERE owner = ?1 AND seq > ?2 AND ${term}`;
    this.#matching = connection.prepare(
      `SELECT seq, at, type, owner, job, kind, grp, tags, rev, record
       FROM (SELECT * ${range} ORDER BY seq LIMIT ${readWindow})
       WHERE (?4 IS NULL OR grp = ?4) AND (?5 IS NULL OR kind = ?5) AND (?6 IS NULL OR instr(tags, ?6) > 0)
       LIMIT ?7`,
    );
    this.#windowEnd = connection.prepare(`SELECT seq ${range} ORDER BY seq LIMIT 1 OFFSET ${readWindow - 1}`);
  }

  /**
   * @param wanted what the index's column has to hold
   * @param last the end of the log
   */
  read(filter: FactFilter, wanted: string, last: number): FactsRead {
    const range = [filter.owner, filter.after, wanted] as const;
    const tag = filter.tag === undefined ? null : textOfTag(filter.tag);
    const others = [filter.group ?? null, filter.kind ?? null, tag] as const;
    const facts = this.#matching.all(...range, ...others, filter.limit).map(factOf);
    const lastFact = facts.at(-1);
    if (lastFact !== undefined && facts.length >= filter.limit) return { facts, reached: lastFact.seq };
    const windowEnd = this.#windowEnd.one(...range)?.[0];
    return { facts, reached: windowEnd === undefined ? last : integerOf(windowEnd) };
  }
}

function factOf([seq, at, type, owner, job, kind, group, tags, rev, record]: Row): Fact {
  return {
    seq: integerOf(seq),
    at: integerOf(at),
    type: typeOf(textOf(type)),
    owner: textOf(owner),
    jobId: textOf(job),
    kind: textOf(kind),
    ...(group === null ? {} : { group: textOf(group) }),
    ...(tags === null ? {} : { tags: tagsOfText(textOf(tags)) }),
    rev: integerOf(rev),
    record: textOf(record),
  };
}

function typeOf(text: string): FactType {
  const type = factTypes.find((known) => known === text);
  if (type === undefined) throw new Error(`The log holds an unknown type of fact: ${text}`);
  return type;
}
