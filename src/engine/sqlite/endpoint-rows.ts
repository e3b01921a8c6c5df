import type { EndpointTable } from '../embedded/tables.js';
import type { EndpointViews } from '../embedded/views.js';
import type {
  ChangeFilter,
  Delivery,
  DeliveryFilter,
  Endpoint,
  EndpointFilter,
  EndpointPlace,
  NewDelivery,
} from '../endpoints.js';
import { type Connection, integerOf, type Row, type Statement, textOf } from './sql.js';

const endpoint = 'owner, id, change, job, created_at, open, place, value, state, kept_until';
const delivery = 'id, due_at, kept_until, value, n';

/** Endpoints and their deliveries. The number of a row is its change: SQLite never gives one twice. */
export class EndpointRows implements EndpointTable, EndpointViews {
  readonly #get: Statement;
  readonly #count: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #remove: Statement;
  readonly #removeDeliveries: Statement;
  readonly #list: Statement;
  readonly #changed: Statement;
  readonly #open: Statement;
  readonly #delivery: Statement;
  readonly #deliveries: Statement;
  readonly #some: { readonly waiting: Statement; readonly finished: Statement };
  readonly #putDelivery: Statement;
  readonly #prune: Statement;
  readonly #expired: Statement;
  readonly #removeOld: Statement;

  constructor(connection: Connection) {
    this.#get = connection.prepare(`SELECT ${endpoint} FROM endpoints WHERE owner = ? AND id = ?`);
    this.#count = connection.prepare('SELECT count(*) FROM endpoints WHERE owner = ? AND job IS NULL');
    this.#insert = connection.prepare(
      `INSERT INTO endpoints (owner, id, job, created_at, open, place, value, state, kept_until)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING change`,
    );
    this.#update = connection.prepare(
      `UPDATE endpoints SET open = ?, place = ?, value = ?, state = ?, kept_until = ? WHERE owner = ? AND id = ?`,
    );
    this.#remove = connection.prepare('DELETE FROM endpoints WHERE owner = ? AND id = ?');
    this.#removeDeliveries = connection.prepare('DELETE FROM deliveries WHERE owner = ? AND endpoint = ?');
    this.#list = connection.prepare(
      `SELECT ${endpoint} FROM endpoints WHERE owner = ? AND job IS NULL AND id > ? ORDER BY id LIMIT ?`,
    );
    this.#changed = connection.prepare(
      `SELECT ${endpoint} FROM endpoints WHERE change > ? ORDER BY change LIMIT ?`,
    );
    this.#open = connection.prepare(
      `SELECT ${endpoint} FROM endpoints WHERE open = 1 AND change > ? ORDER BY change LIMIT ?`,
    );
    this.#delivery = connection.prepare(
      `SELECT ${delivery} FROM deliveries WHERE owner = ? AND endpoint = ? AND id = ?`,
    );
    const deliveries = (where: string): Statement =>
      connection.prepare(
        `SELECT ${delivery} FROM deliveries WHERE owner = ? AND endpoint = ? AND n < ? ${where}
         ORDER BY n DESC LIMIT ?`,
      );
    this.#deliveries = deliveries('');
    this.#some = {
      waiting: deliveries('AND due_at IS NOT NULL'),
      finished: deliveries('AND due_at IS NULL'),
    };
    this.#putDelivery = connection.prepare(
      `INSERT INTO deliveries (owner, endpoint, id, due_at, kept_until, value) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (owner, endpoint, id) DO UPDATE
       SET due_at = excluded.due_at, kept_until = excluded.kept_until, value = excluded.value`,
    );
    this.#prune = connection.prepare(
      `DELETE FROM deliveries WHERE n IN (SELECT n FROM deliveries
       WHERE owner = ? AND endpoint = ? AND due_at IS NULL ORDER BY n DESC LIMIT -1 OFFSET ?)`,
    );
    this.#expired = connection.prepare(
      `SELECT owner, id FROM endpoints INDEXED BY endpoints_kept WHERE kept_until <= ? ORDER BY kept_until LIMIT ?`,
    );
    this.#removeOld = connection.prepare(
      `DELETE FROM deliveries WHERE n IN (SELECT n FROM deliveries INDEXED BY deliveries_kept
       WHERE due_at IS NULL AND kept_until <= ? ORDER BY kept_until LIMIT ?)`,
    );
  }

  get({ owner, id }: EndpointPlace): Endpoint | undefined {
    const row = this.#get.one(owner, id);
    return row && endpointOf(row);
  }

  count(owner: string): number {
    return integerOf(this.#count.one(owner)?.[0]);
  }

  put({ owner, id, job, createdAt, open, place, value, state, keptUntil }: Omit<Endpoint, 'change'>): number {
    this.#remove.run(owner, id);
    const row = this.#insert.one(
      owner,
      id,
      job ?? null,
      createdAt,
      Number(open),
      place,
      value,
      state,
      keptUntil ?? null,
    );
    return integerOf(row?.[0]);
  }

  update({ owner, id, open, place, value, state, keptUntil }: Endpoint): void {
    this.#update.run(Number(open), place, value, state, keptUntil ?? null, owner, id);
  }

  remove({ owner, id }: EndpointPlace): void {
    this.#remove.run(owner, id);
    this.#removeDeliveries.run(owner, id);
  }

  list({ owner, after = '', limit }: EndpointFilter): readonly Endpoint[] {
    return this.#list.all(owner, after, limit).map(endpointOf);
  }

  changed({ after, onlyOpen, limit }: ChangeFilter): readonly Endpoint[] {
    return (onlyOpen ? this.#open : this.#changed).all(after, limit).map(endpointOf);
  }

  delivery({ owner, id }: EndpointPlace, name: string): Delivery | undefined {
    const row = this.#delivery.one(owner, id, name);
    return row && deliveryOf(row);
  }

  deliveries({ owner, id, waiting, before, limit }: DeliveryFilter): readonly Delivery[] {
    const { waiting: open, finished } = this.#some;
    const statement = waiting === undefined ? this.#deliveries : waiting ? open : finished;
    return statement.all(owner, id, before ?? Number.MAX_SAFE_INTEGER, limit).map(deliveryOf);
  }

  putDelivery({ owner, id }: EndpointPlace, { id: name, dueAt, keptUntil, value }: NewDelivery): void {
    this.#putDelivery.run(owner, id, name, dueAt ?? null, keptUntil, value);
  }

  prune({ owner, id }: EndpointPlace, keep: number): void {
    this.#prune.run(owner, id, keep);
  }

  removeExpired(by: number, limit: number): number {
    const expired = this.#expired.all(by, limit);
    for (const [owner, id] of expired) this.remove({ owner: textOf(owner), id: textOf(id) });
    const left = limit - expired.length;
    return expired.length + (left > 0 ? this.#removeOld.run(by, left) : 0);
  }
}

function endpointOf([
  owner,
  id,
  change,
  job,
  createdAt,
  open,
  place,
  value,
  state,
  keptUntil,
]: Row): Endpoint {
  return {
    owner: textOf(owner),
    id: textOf(id),
    change: integerOf(change),
    ...(job === null ? {} : { job: textOf(job) }),
    createdAt: integerOf(createdAt),
    open: open === 1,
    place: integerOf(place),
    value: textOf(value),
    state: textOf(state),
    ...(keptUntil === null ? {} : { keptUntil: integerOf(keptUntil) }),
  };
}

function deliveryOf([id, dueAt, keptUntil, value, n]: Row): Delivery {
  return {
    id: textOf(id),
    ...(dueAt === null ? {} : { dueAt: integerOf(dueAt) }),
    keptUntil: integerOf(keptUntil),
    value: textOf(value),
    n: integerOf(n),
  };
}
