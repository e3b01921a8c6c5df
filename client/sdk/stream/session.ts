import type { ConnectionState } from '../types.js';
import type { Subscription } from './subscription.js';

/** What carries the subscriptions of a client: its own connection, or that of another tab. */
export interface Session {
  readonly state: ConnectionState;
  attach(subscription: Subscription): void;
  /** Nothing comes for it any more; it keeps its cursor, and can be attached again. */
  detach(subscription: Subscription): void;
  /** The machine woke up, or the network came back. */
  wake(): void;
  /** Safe twice. */
  close(): void;
}
