import type {
  ChangeFilter,
  Delivery,
  DeliveryFilter,
  Endpoint,
  EndpointFilter,
  EndpointPlace,
} from '../endpoints.js';
import { deliveryColumns, deliveryOf, endpointShape } from './other-shapes.js';
import type { Asking } from './pool.js';
import type { Readings } from './readings.js';
import { selected } from './shape.js';

const endpoint = `SELECT ${selected(endpointShape, 'e')} FROM endpoints e`;

/** What only reads endpoints and their deliveries. */
export function endpointReads(ask: Asking) {
  return {
    async endpointsGet({ owner, id }: EndpointPlace): Promise<Endpoint | undefined> {
      const [row] = await ask(`${endpoint} WHERE owner = $1 AND id = $2`, [owner, id]);
      return row && endpointShape.rowOf(row);
    },

    async endpointsList({ owner, after = '', limit }: EndpointFilter): Promise<readonly Endpoint[]> {
      const rows = await ask(
        `${endpoint} WHERE owner = $1 AND job IS NULL AND id > $2 ORDER BY id LIMIT $3`,
        [owner, after, limit],
      );
      return rows.map(endpointShape.rowOf);
    },

    async endpointsChanged({ after, onlyOpen, limit }: ChangeFilter): Promise<readonly Endpoint[]> {
      const which = onlyOpen ? ' AND open' : '';
      const rows = await ask(`${endpoint} WHERE change > $1${which} ORDER BY change LIMIT $2`, [
        after,
        limit,
      ]);
      return rows.map(endpointShape.rowOf);
    },

    async endpointsDelivery({ owner, id }: EndpointPlace, name: string): Promise<Delivery | undefined> {
      const [row] = await ask(
        `SELECT ${deliveryColumns} FROM deliveries WHERE owner = $1 AND endpoint = $2 AND id = $3`,
        [owner, id, name],
      );
      return row && deliveryOf(row);
    },

    async endpointsDeliveries({
      owner,
      id,
      waiting,
      before,
      limit,
    }: DeliveryFilter): Promise<readonly Delivery[]> {
      const which = waiting === undefined ? '' : waiting ? ' AND due_at IS NOT NULL' : ' AND due_at IS NULL';
      const rows = await ask(
        `SELECT ${deliveryColumns} FROM deliveries WHERE owner = $1 AND endpoint = $2 AND n < $3${which}
         ORDER BY n DESC LIMIT $4`,
        [owner, id, before ?? Number.MAX_SAFE_INTEGER, limit],
      );
      return rows.map(deliveryOf);
    },
  } satisfies Partial<Readings>;
}
