import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CloseReason } from '../protocol/close-codes.js';
import type { ResetReason } from '../protocol/event.js';

export type Transport = 'ws' | 'sse' | 'long-poll';

/** What is open right now. */
export interface StreamState {
  readonly connections: Readonly<Record<'ws' | 'sse', number>>;
  readonly subscriptions: number;
  readonly behind: number;
  readonly waitingBytes: number;
  readonly withheld: number;
}

/** Plain numbers: counting a delivered event costs an addition. */
interface SentCounts {
  facts: number;
  progress: number;
  bytes: number;
}

/** What the stream counts, for Prometheus. Labels have few values. */
export class StreamMeters {
  readonly sent: Readonly<Record<Transport, SentCounts>> = {
    ws: { facts: 0, progress: 0, bytes: 0 },
    sse: { facts: 0, progress: 0, bytes: 0 },
    'long-poll': { facts: 0, progress: 0, bytes: 0 },
  };
  /** Progress values of connections that have ended, replaced before they were sent. */
  withheldBefore = 0;
  catchUps = 0;
  slowReaders = 0;
  readonly #resets: Counter<'reason'>;
  readonly #closed: Counter<'reason'>;
  readonly #repaired: Counter<'what'>;
  readonly #delivery: Histogram;

  constructor(registry: Registry, state: () => StreamState) {
    const registers = [registry];
    this.#resets = new Counter({
      name: 'inkwire_stream_resets_total',
      help: 'Cursors that could not be honoured',
      labelNames: ['reason'],
      registers,
    });
    this.#closed = new Counter({
      name: 'inkwire_stream_closed_total',
      help: 'Connections that the server ended, by why',
      labelNames: ['reason'],
      registers,
    });
    this.#repaired = new Counter({
      name: 'inkwire_stream_repaired_total',
      help: 'What only the audit found; has to stay 0',
      labelNames: ['what'],
      registers,
    });
    for (const what of ['hint', 'reader']) this.#repaired.inc({ what }, 0);
    this.#delivery = new Histogram({
      name: 'inkwire_stream_delivery_seconds',
      help: 'From the change that a fact tells of to the write of the sockets that it concerns',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5],
      registers,
    });
    this.#addTallies(registers);
    this.#addState(registers, state);
  }

  reset(reason: ResetReason): void {
    this.#resets.inc({ reason });
  }

  closed(reason: CloseReason): void {
    this.#closed.inc({ reason });
  }

  /** @param what `hint`: the hint of a fact was lost; `reader`: a connection was not sent a fact */
  repaired(what: 'hint' | 'reader', facts: number): void {
    this.#repaired.inc({ what }, facts);
  }

  delivered(ms: number): void {
    this.#delivery.observe(Math.max(0, ms) / 1000);
  }

  #addTallies(registers: Registry[]): void {
    const { sent } = this;
    const helps = { facts: 'Facts sent', progress: 'Progress values sent', bytes: 'Bytes handed to sockets' };
    for (const name of ['facts', 'progress', 'bytes'] as const) {
      new Counter({
        name: `inkwire_stream_${name}_total`,
        help: helps[name],
        labelNames: ['transport'],
        registers,
        collect() {
          this.reset();
          for (const [transport, tally] of Object.entries(sent)) this.inc({ transport }, tally[name]);
        },
      });
    }
  }

  #addState(registers: Registry[], state: () => StreamState): void {
    const count = (name: string, help: string, read: () => number): void => {
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    };
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    };
    count('inkwire_stream_catch_ups_total', 'Readings of the past', () => this.catchUps);
    count(
      'inkwire_stream_slow_readers_total',
      'Falls of a connection back to the log',
      () => this.slowReaders,
    );
    count(
      'inkwire_stream_progress_withheld_total',
      'Progress values replaced by newer ones before they were sent',
      () => this.withheldBefore + state().withheld,
    );
    gauge('inkwire_stream_subscriptions', 'Subscriptions of all connections', () => state().subscriptions);
    gauge('inkwire_stream_behind', 'Connections that read from the log', () => state().behind);
    gauge('inkwire_stream_waiting_bytes', 'Bytes that wait for sockets', () => state().waitingBytes);
    new Gauge({
      name: 'inkwire_stream_connections',
      help: 'Open connections',
      labelNames: ['transport'],
      registers,
      collect() {
        for (const [transport, open] of Object.entries(state().connections)) this.set({ transport }, open);
      },
    });
  }
}
