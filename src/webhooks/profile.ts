import type { Fact } from '../engine/engine.js';
import type { Schedule } from './schedule.js';

/**
 * A profile is a way to send webhooks: what is told, in which form, how it is signed and when it is sent again. One
 * deliverer serves all profiles; a dialect brings its own.
 */
export interface WebhookProfile {
  /** Endpoints are stored with it: lower-case letters and hyphens. */
  readonly name: string;
  /** What an endpoint may ask for. Those that are types of facts are read from the log; others are sent by the server. */
  readonly events: readonly string[];
  /** What an endpoint is told that asks for nothing. */
  readonly defaultEvents: readonly string[];
  readonly schedule: Schedule;
  /** Of one attempt. Milliseconds. */
  readonly timeoutMs: number;
  /** Whether 410 turns the endpoint off; otherwise it is a failure like others. */
  readonly endsOnGone: boolean;
  /**
   * What is sent of a fact; undefined when nothing is. Called once for each delivery: attempts send the same text. When
   * it rejects, the fact is read again later.
   */
  payload(told: Told): Payload | undefined | Promise<Payload | undefined>;
  /** All header fields of one attempt, those of the signature among them. */
  headers(message: Message): Readonly<Record<string, string>>;
}

/** A fact that an endpoint is told. */
export interface Told {
  readonly fact: Fact;
  /** Of the fact. */
  readonly cursor: string;
  /** The id of the message, which is the same for every attempt. */
  readonly id: string;
  readonly owner: string;
  /** `reference` is a short text without the record. */
  readonly payload: PayloadForm;
  /** What the maker of the endpoint has put aside for this, as JSON text. */
  readonly context?: string;
}

export type PayloadForm = 'whole' | 'reference';

export interface Payload {
  /** The type of the event, for the log of deliveries and for the profile's headers. */
  readonly type: string;
  /** JSON. At most `payloadMaxLength`. */
  readonly body: string;
}

/** In UTF-16 units. */
export const payloadMaxLength = 256 * 1024;

export interface Message extends Payload {
  readonly id: string;
  /** Of the attempt, in seconds since 1970. */
  readonly timestamp: number;
  /** Those that hold, the newest first. */
  readonly secrets: readonly string[];
}

/** All profiles of a server, by name. The first one is the server's own. */
export class WebhookProfiles {
  readonly #profiles = new Map<string, WebhookProfile>();

  constructor(profiles: readonly WebhookProfile[]) {
    this.add(profiles);
  }

  /** Throws when one has the name of another: that is a defect of a dialect. */
  add(profiles: readonly WebhookProfile[]): void {
    for (const profile of profiles) {
      if (this.#profiles.has(profile.name))
        throw new Error(`Two webhook profiles are called ${profile.name}`);
      this.#profiles.set(profile.name, profile);
    }
  }

  /** Undefined for the profile of a dialect that this program does not have. */
  get(name: string): WebhookProfile | undefined {
    return this.#profiles.get(name);
  }
}
