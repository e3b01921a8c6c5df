/**
 * The contract of endpoints: addresses that are told of facts, each with its own place in the log.
 *
 * - endpoint: what an owner wants to be told, and where. A small JSON text says how; the engine never reads it. It has a
 *   place, the last fact of the log that it has done with, and a state, a second JSON text that belongs to whoever sends.
 * - job's endpoint: one that was made with a job and is named by it. Listings leave it out, and it goes by itself.
 * - delivery: one message to an endpoint: one that waits to be sent (again), or a finished one, kept as a log.
 * - change: a number that grows with every `put` and every settlement with `tell`, over all endpoints. Whoever sends asks
 *   for what came after the last one that it has seen. Numbers are never given twice.
 */
export interface Endpoints {
  /** Makes an endpoint, or changes one that is as the caller has seen it. */
  put(endpoint: NewEndpoint): Promise<PutEndpoint>;
  get(place: EndpointPlace): Promise<Endpoint | undefined>;
  /** Of an owner, in the order of their ids, without those of jobs. A page is at most `limit` of them. */
  list(filter: EndpointFilter): Promise<readonly Endpoint[]>;
  /** Of every owner, those of jobs included, in the order of their changes. */
  changed(filter: ChangeFilter): Promise<readonly Endpoint[]>;
  /** With its deliveries. False when there was none. */
  remove(place: EndpointPlace): Promise<boolean>;
  /** What was sent, and how far the endpoint has come, in one commit. */
  settle(settlement: Settlement): Promise<'settled' | 'moved' | 'not-found'>;
  delivery(place: EndpointPlace, id: string): Promise<Delivery | undefined>;
  /** Newest first. A page is at most `limit` of them. */
  deliveries(filter: DeliveryFilter): Promise<readonly Delivery[]>;
}

/** The value and the state of an endpoint together, and the value of a delivery, in UTF-16 units. */
export const endpointMaxLength = 64 * 1024;
export const deliveryMaxLength = 512 * 1024;

export interface EndpointPlace {
  readonly owner: string;
  readonly id: string;
}

export interface Endpoint extends EndpointPlace {
  readonly createdAt: number;
  readonly change: number;
  /** The job that it belongs to. */
  readonly job?: string;
  /** Whether there is something to do for it: `changed` can leave the others out. */
  readonly open: boolean;
  /** The last sequence of the log that it has done with. */
  readonly place: number;
  readonly value: string;
  readonly state: string;
  /** A sweep takes it away then, with its deliveries. */
  readonly keptUntil?: number;
}

export interface NewEndpoint extends Omit<Endpoint, 'change'> {
  /** The change that the caller has seen, 0 for none. Left out: whatever is there is replaced. */
  readonly expected?: number;
  /** Endpoints of this owner, those of jobs left out. */
  readonly maxPerOwner: number;
}

/** Only `stored` has changed anything. */
export type PutEndpoint =
  | { readonly type: 'stored'; readonly change: number }
  | { readonly type: 'conflict' }
  | { readonly type: 'full'; readonly endpoints: number }
  | { readonly type: 'too-large' };

export interface EndpointFilter {
  readonly owner: string;
  readonly after?: string;
  readonly limit: number;
}

export interface ChangeFilter {
  readonly after: number;
  readonly onlyOpen: boolean;
  readonly limit: number;
}

export interface Settlement extends EndpointPlace {
  /** Moves the place, if it is the first of the two; otherwise nothing is settled. */
  readonly place?: { readonly from: number; readonly to: number };
  readonly open?: boolean;
  readonly state?: string;
  readonly keptUntil?: number;
  /** Those of an id that is known are replaced, and keep their place in the listing. */
  readonly deliveries: readonly NewDelivery[];
  /** Finished deliveries that the endpoint has afterwards at most: the oldest go. */
  readonly keep: number;
  /** Gives the endpoint a new change number: whoever sends has to look. */
  readonly tell?: boolean;
}

export interface NewDelivery {
  readonly id: string;
  /** When it is to be sent (again); left out, it is finished. */
  readonly dueAt?: number;
  /** A sweep takes a finished one away then. */
  readonly keptUntil: number;
  readonly value: string;
}

export interface Delivery extends NewDelivery {
  /** Its place among those of the endpoint: later ones have higher numbers. */
  readonly n: number;
}

export interface DeliveryFilter extends EndpointPlace {
  /** Only those that wait, or only finished ones. */
  readonly waiting?: boolean;
  /** Only those with a lower number. */
  readonly before?: number;
  readonly limit: number;
}
