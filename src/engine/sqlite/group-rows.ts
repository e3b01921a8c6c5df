import type { GroupRecord } from '../../protocol/fact.js';
import { everyOwner } from '../../protocol/names.js';
import {
  changedGroup,
  emptyGroup,
  type GroupChange,
  type GroupTable,
  groupPageOf,
} from '../embedded/tables.js';
import type { GroupViews } from '../embedded/views.js';
import type { GroupFilter, GroupPage } from '../listing.js';
import { GroupWords } from './group-words.js';
import { type Connection, integerOf, type Row, type Statement, textOf } from './sql.js';

const counts = 'pending, running, completed, failed, cancelled';

/** The counts of each group, and where it stands in listings. */
export class GroupRows implements GroupTable, GroupViews {
  readonly #group: Statement;
  readonly #set: Statement;
  readonly #remove: Statement;
  readonly #listed: Statement;
  readonly #listedOfAll: Statement;
  readonly #words: GroupWords;

  constructor(connection: Connection) {
    this.#group = connection.prepare(
      `SELECT name, place, ${counts} FROM groups WHERE owner = ? AND name = ?`,
    );
    // Not a replacement: that would write the index anew also where the place stays.
    this.#set = connection.prepare(
      `INSERT INTO groups (owner, name, place, ${counts}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (owner, name) DO UPDATE SET place = excluded.place, pending = excluded.pending,
       running = excluded.running, completed = excluded.completed, failed = excluded.failed,
       cancelled = excluded.cancelled`,
    );
    this.#remove = connection.prepare('DELETE FROM groups WHERE owner = ? AND name = ?');
    this.#listed = connection.prepare(
      `SELECT name, place, ${counts} FROM groups INDEXED BY groups_place WHERE owner = ? AND place < ?
       ORDER BY place DESC LIMIT ?`,
    );
    this.#listedOfAll = connection.prepare(
      `SELECT name, place, ${counts}, owner FROM groups INDEXED BY groups_in_order WHERE place < ?
       ORDER BY place DESC LIMIT ?`,
    );
    this.#words = new GroupWords(connection);
  }

  get(owner: string, group: string): GroupRecord | undefined {
    const row = this.#group.one(owner, group);
    return row && keptOf(row).record;
  }

  change(owner: string, group: string, change: GroupChange): GroupRecord {
    const row = this.#group.one(owner, group);
    const before = row === undefined ? { record: emptyGroup(group), place: 0 } : keptOf(row);
    const record = changedGroup(before.record, change);
    if (record.jobs === 0) {
      this.#remove.run(owner, group);
      this.#words.remove(owner, group);
      return record;
    }
    const { pending, running, completed, failed, cancelled } = record;
    const place = change.place ?? before.place;
    if (row === undefined) this.#words.add(owner, group);
    this.#set.run(owner, group, place, pending, running, completed, failed, cancelled);
    return record;
  }

  list({ owner, before, limit }: GroupFilter): GroupPage {
    const end = before ?? Number.MAX_SAFE_INTEGER;
    if (owner !== everyOwner) return groupPageOf(this.#listed.all(owner, end, limit + 1).map(keptOf), limit);
    const rows = this.#listedOfAll.all(end, limit + 1).map((row) => {
      const { record, place } = keptOf(row.slice(0, -1));
      return { record: { owner: textOf(row.at(-1)), ...record }, place };
    });
    return groupPageOf(rows, limit);
  }
}

function keptOf([name, ...numbers]: Row): { readonly record: GroupRecord; readonly place: number } {
  const [place = 0, pending = 0, running = 0, completed = 0, failed = 0, cancelled = 0] =
    numbers.map(integerOf);
  const jobs = pending + running + completed + failed + cancelled;
  return { record: { group: textOf(name), jobs, pending, running, completed, failed, cancelled }, place };
}
