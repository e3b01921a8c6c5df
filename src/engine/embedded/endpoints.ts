import {
  type ChangeFilter,
  type Delivery,
  type DeliveryFilter,
  deliveryMaxLength,
  type Endpoint,
  type EndpointFilter,
  type EndpointPlace,
  endpointMaxLength,
  type NewEndpoint,
  type PutEndpoint,
  type Settlement,
} from '../endpoints.js';
import type { EndpointTable } from './tables.js';
import type { EndpointViews } from './views.js';

/** The rules of endpoints, over a table that answers at once. Every method is one atomic operation. */
export class EndpointRules {
  readonly #table: EndpointTable;

  constructor(table: EndpointTable) {
    this.#table = table;
  }

  put({ expected, maxPerOwner, ...endpoint }: NewEndpoint): PutEndpoint {
    if (endpoint.value.length + endpoint.state.length > endpointMaxLength) return { type: 'too-large' };
    const before = this.#table.get(endpoint);
    if (expected !== undefined && expected !== (before?.change ?? 0)) return { type: 'conflict' };
    if (before === undefined && endpoint.job === undefined) {
      const endpoints = this.#table.count(endpoint.owner);
      if (endpoints >= maxPerOwner) return { type: 'full', endpoints };
    }
    return { type: 'stored', change: this.#table.put(endpoint) };
  }

  remove(place: EndpointPlace): boolean {
    if (this.#table.get(place) === undefined) return false;
    this.#table.remove(place);
    return true;
  }

  settle(settlement: Settlement): 'settled' | 'moved' | 'not-found' {
    const { place, open, state, keptUntil, deliveries, keep, tell = false } = settlement;
    const before = this.#table.get(settlement);
    if (before === undefined) return 'not-found';
    if (place !== undefined && place.from !== before.place) return 'moved';
    if (deliveries.some(({ value }) => value.length > deliveryMaxLength)) {
      throw new Error('A delivery is larger than the store takes');
    }
    const { change: _, ...rest } = before;
    const after = {
      ...rest,
      ...(place === undefined ? {} : { place: place.to }),
      ...(open === undefined ? {} : { open }),
      ...(state === undefined ? {} : { state }),
      ...(keptUntil === undefined ? {} : { keptUntil }),
    };
    if (tell) this.#table.put(after);
    else this.#table.update({ ...after, change: before.change });
    for (const delivery of deliveries) this.#table.putDelivery(settlement, delivery);
    if (deliveries.length > 0) this.#table.prune(settlement, keep);
    return 'settled';
  }
}

/** What only reads endpoints. */
export class EndpointQueries {
  readonly #table: EndpointTable;
  readonly #views: EndpointViews;

  constructor(table: EndpointTable, views: EndpointViews) {
    this.#table = table;
    this.#views = views;
  }

  get(place: EndpointPlace): Endpoint | undefined {
    return this.#table.get(place);
  }

  list(filter: EndpointFilter): readonly Endpoint[] {
    return this.#views.list(filter);
  }

  changed(filter: ChangeFilter): readonly Endpoint[] {
    return this.#views.changed(filter);
  }

  delivery(place: EndpointPlace, id: string): Delivery | undefined {
    return this.#views.delivery(place, id);
  }

  deliveries(filter: DeliveryFilter): readonly Delivery[] {
    return this.#views.deliveries(filter);
  }
}
