import { byBytes } from '../embedded/order.js';
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

interface Stored {
  endpoint: Endpoint;
  readonly deliveries: Map<string, Delivery>;
}

/** Endpoints in memory. Listings sort what they find. */
export class MemoryEndpoints implements EndpointTable, EndpointViews {
  readonly #stored = new Map<string, Stored>();
  #change = 0;
  #n = 0;

  get(place: EndpointPlace): Endpoint | undefined {
    return this.#stored.get(keyOf(place))?.endpoint;
  }

  count(owner: string): number {
    return this.#all().filter((one) => one.owner === owner && one.job === undefined).length;
  }

  put(endpoint: Omit<Endpoint, 'change'>): number {
    this.#change += 1;
    this.update({ ...endpoint, change: this.#change });
    return this.#change;
  }

  update(endpoint: Endpoint): void {
    const key = keyOf(endpoint);
    const stored = this.#stored.get(key);
    if (stored === undefined) this.#stored.set(key, { endpoint, deliveries: new Map() });
    else stored.endpoint = endpoint;
  }

  remove(place: EndpointPlace): void {
    this.#stored.delete(keyOf(place));
  }

  list({ owner, after, limit }: EndpointFilter): readonly Endpoint[] {
    return this.#all()
      .filter((one) => one.owner === owner && one.job === undefined)
      .filter(({ id }) => after === undefined || byBytes(id, after) > 0)
      .sort((a, b) => byBytes(a.id, b.id))
      .slice(0, limit);
  }

  changed({ after, onlyOpen, limit }: ChangeFilter): readonly Endpoint[] {
    return this.#all()
      .filter(({ change, open }) => change > after && (open || !onlyOpen))
      .sort((a, b) => a.change - b.change)
      .slice(0, limit);
  }

  delivery(place: EndpointPlace, id: string): Delivery | undefined {
    return this.#stored.get(keyOf(place))?.deliveries.get(id);
  }

  deliveries({
    waiting,
    before = Number.POSITIVE_INFINITY,
    limit,
    ...place
  }: DeliveryFilter): readonly Delivery[] {
    return this.#deliveriesOf(place)
      .filter(({ n, dueAt }) => n < before && (waiting === undefined || waiting === (dueAt !== undefined)))
      .slice(0, limit);
  }

  putDelivery(place: EndpointPlace, delivery: NewDelivery): void {
    const deliveries = this.#stored.get(keyOf(place))?.deliveries;
    const known = deliveries?.get(delivery.id);
    if (known === undefined) this.#n += 1;
    deliveries?.set(delivery.id, { ...delivery, n: known?.n ?? this.#n });
  }

  prune(place: EndpointPlace, keep: number): void {
    const finished = this.#deliveriesOf(place).filter(({ dueAt }) => dueAt === undefined);
    for (const { id } of finished.slice(keep)) this.#stored.get(keyOf(place))?.deliveries.delete(id);
  }

  removeExpired(by: number, limit: number): number {
    let removed = 0;
    for (const [key, { endpoint, deliveries }] of this.#stored) {
      if (removed < limit && (endpoint.keptUntil ?? Number.POSITIVE_INFINITY) <= by) {
        this.#stored.delete(key);
        removed += 1;
        continue;
      }
      for (const { id, dueAt, keptUntil } of deliveries.values()) {
        if (removed >= limit || dueAt !== undefined || keptUntil > by) continue;
        deliveries.delete(id);
        removed += 1;
      }
    }
    return removed;
  }

  /** Newest first. */
  #deliveriesOf(place: EndpointPlace): readonly Delivery[] {
    return [...(this.#stored.get(keyOf(place))?.deliveries.values() ?? [])].sort((a, b) => b.n - a.n);
  }

  #all(): readonly Endpoint[] {
    return [...this.#stored.values()].map(({ endpoint }) => endpoint);
  }
}

function keyOf({ owner, id }: EndpointPlace): string {
  return JSON.stringify([owner, id]);
}
