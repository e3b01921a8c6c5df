import { byBytes } from '../embedded/order.js';
import type { EndpointTable } from '../embedded/tables.js';
import type { Endpoint, EndpointPlace, NewDelivery } from '../endpoints.js';
import type { Known } from './known.js';
import { type DeliveryName, deliveryShape, endpointShape } from './other-shapes.js';
import { type Range, Rows } from './rows.js';
import type { Query } from './shape.js';
import type { Usage } from './usage.js';

const over: Range<Endpoint> = {
  name: 'over',
  where: 'kept_until IS NOT NULL',
  bound: 'kept_until',
  order: 'kept_until, owner, id',
  matches: ({ keptUntil }) => keptUntil !== undefined,
  boundOf: ({ keptUntil = Number.MAX_SAFE_INTEGER }) => keptUntil,
  compare: (a, b) =>
    (a.keptUntil ?? 0) - (b.keptUntil ?? 0) || byBytes(a.owner, b.owner) || byBytes(a.id, b.id),
};

const oldDeliveries: Range<DeliveryName> = {
  name: 'old',
  where: 'due_at IS NULL',
  bound: 'kept_until',
  order: 'kept_until, owner, endpoint, id',
  matches: () => true,
  boundOf: ({ keptUntil }) => keptUntil,
  compare: (a, b) =>
    a.keptUntil - b.keptUntil ||
    byBytes(a.owner, b.owner) ||
    byBytes(a.endpoint, b.endpoint) ||
    byBytes(a.id, b.id),
};

/**
 * Endpoints as a batch sees them. No rule asks what became of a delivery, so changes of deliveries are statements, in
 * the order in which the ledger made them; a sweep, which asks for old ones, is a batch of its own.
 */
export class WorkingEndpoints implements EndpointTable {
  readonly rows: Rows<Endpoint>;
  readonly deliveries: Rows<DeliveryName>;
  readonly statements: Query[] = [];
  /** The number that an endpoint was given last. */
  change: number;
  readonly #usage: Usage;
  readonly #removed = new Set<string>();

  constructor(known: Known, usage: Usage) {
    this.rows = new Rows(endpointShape, known.endpoints);
    this.deliveries = new Rows(deliveryShape, known.deliveries);
    this.change = known.head.change;
    this.#usage = usage;
  }

  get({ owner, id }: EndpointPlace): Endpoint | undefined {
    return this.rows.get(owner, id);
  }

  count(owner: string): number {
    return this.#usage.of('endpoints', owner).entries;
  }

  put(endpoint: Omit<Endpoint, 'change'>): number {
    if (this.get(endpoint) === undefined && endpoint.job === undefined) {
      this.#usage.add('endpoints', endpoint.owner, '', 1);
    }
    this.change += 1;
    this.rows.put({ ...endpoint, change: this.change });
    return this.change;
  }

  update(endpoint: Endpoint): void {
    this.rows.put(endpoint);
  }

  remove(place: EndpointPlace): void {
    const endpoint = this.get(place);
    if (endpoint === undefined) return;
    const { owner, id, job } = endpoint;
    if (job === undefined) this.#usage.add('endpoints', owner, '', -1);
    this.rows.remove(owner, id);
    this.#removed.add(JSON.stringify([owner, id]));
    this.statements.push({
      text: 'DELETE FROM deliveries WHERE owner = $1 AND endpoint = $2',
      values: [owner, id],
    });
  }

  putDelivery({ owner, id: endpoint }: EndpointPlace, { id, dueAt, keptUntil, value }: NewDelivery): void {
    this.statements.push({
      text: `INSERT INTO deliveries (owner, endpoint, id, due_at, kept_until, value) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (owner, endpoint, id) DO UPDATE
        SET due_at = excluded.due_at, kept_until = excluded.kept_until, value = excluded.value`,
      values: [owner, endpoint, id, dueAt ?? null, keptUntil, value],
    });
  }

  prune({ owner, id }: EndpointPlace, keep: number): void {
    this.statements.push({
      text: `DELETE FROM deliveries WHERE n IN (SELECT n FROM deliveries
        WHERE owner = $1 AND endpoint = $2 AND due_at IS NULL ORDER BY n DESC OFFSET $3)`,
      values: [owner, id, keep],
    });
  }

  removeExpired(by: number, limit: number): number {
    const endpoints = this.rows.range(over, [], limit, by) ?? [];
    for (const endpoint of endpoints) this.remove(endpoint);
    const left = limit - endpoints.length;
    if (left <= 0) return endpoints.length;
    const old = (this.deliveries.range(oldDeliveries, [], left, by) ?? []).filter(
      ({ owner, endpoint }) => !this.#removed.has(JSON.stringify([owner, endpoint])),
    );
    for (const { owner, endpoint, id } of old) this.deliveries.remove(owner, endpoint, id);
    return endpoints.length + old.length;
  }
}
