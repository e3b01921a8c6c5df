import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { OffReason } from './stored.js';

export interface WebhookCounts {
  readonly active: number;
  readonly failing: number;
  /** Deliveries that wait to be tried again. */
  readonly waiting: number;
  readonly sending: number;
}

/** What webhooks count, for Prometheus. Labels have few values: never an owner or an address. */
export class WebhookMeters {
  readonly #attempts: Counter<'outcome'>;
  readonly #seconds: Histogram;
  readonly #off: Counter<'reason'>;
  readonly #givenUp: Counter;
  readonly #gaps: Counter;

  constructor(registry: Registry, counts: () => WebhookCounts) {
    const registers = [registry];
    this.#attempts = new Counter({
      name: 'inkwire_webhook_attempts_total',
      help: 'Attempts to send a webhook, by how they ended',
      labelNames: ['outcome'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'inkwire_webhook_attempt_seconds',
      help: 'From the beginning of an attempt to the answer of the receiver',
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
      registers,
    });
    this.#off = new Counter({
      name: 'inkwire_webhooks_off_total',
      help: 'Endpoints that were turned off, by reason',
      labelNames: ['reason'],
      registers,
    });
    this.#givenUp = new Counter({
      name: 'inkwire_webhook_given_up_total',
      help: 'Deliveries that were given up',
      registers,
    });
    this.#gaps = new Counter({
      name: 'inkwire_webhook_gaps_total',
      help: 'Times that facts were removed from the log before an endpoint was told of them',
      registers,
    });
    new Gauge({
      name: 'inkwire_webhook_endpoints',
      help: 'Endpoints that this process sends to, by state',
      labelNames: ['state'],
      registers,
      collect() {
        const { active, failing } = counts();
        this.set({ state: 'active' }, active);
        this.set({ state: 'failing' }, failing);
      },
    });
    const gauge = (name: string, help: string, of: (all: WebhookCounts) => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(of(counts()));
        },
      });
    };
    gauge('inkwire_webhook_waiting', 'Deliveries that wait to be tried again', ({ waiting }) => waiting);
    gauge('inkwire_webhook_sending', 'Attempts on their way', ({ sending }) => sending);
  }

  attempted(isDelivered: boolean, ms: number): void {
    this.#attempts.inc({ outcome: isDelivered ? 'delivered' : 'failed' });
    this.#seconds.observe(ms / 1000);
  }

  turnedOff(reason: OffReason): void {
    this.#off.inc({ reason });
  }

  gaveUp(): void {
    this.#givenUp.inc();
  }

  gap(): void {
    this.#gaps.inc();
  }
}
