/** Why something was not fetched. */
export type FetchReason =
  /** Not an absolute http or https URL. */
  | 'scheme'
  /** The URL carries a name or a password. */
  | 'userinfo'
  /** The host or the port may not be reached. */
  | 'address'
  /** Too many redirects, or one from https to http. */
  | 'redirects'
  | 'too-large'
  /** The whole took too long, or nothing came for too long. */
  | 'timeout'
  /** The bytes are none of the types that were asked for. */
  | 'type'
  /** The server answered with something else than 200. */
  | 'status'
  | 'dns'
  /** Connection, TLS, or an answer that breaks HTTP or its own encoding. */
  | 'network'
  /** The caller's signal, or the guard was closed. */
  | 'cancelled';

/** `message` may be shown to the caller: it never names an address that a name resolved to. */
export interface FetchRefusal {
  readonly ok: false;
  readonly reason: FetchReason;
  readonly message: string;
  /** Whether the same request can succeed later. */
  readonly retry: boolean;
}

const retryHelps: Readonly<Record<FetchReason, boolean>> = {
  scheme: false,
  userinfo: false,
  address: false,
  redirects: false,
  'too-large': false,
  timeout: true,
  type: false,
  status: false,
  dns: true,
  network: true,
  cancelled: true,
};

export function refuseFetch(reason: FetchReason, message: string, retry = retryHelps[reason]): FetchRefusal {
  return { ok: false, reason, message, retry };
}

/** Carries a refusal out of a pipeline of streams, which can only be left by throwing. Never leaves this folder. */
export class RefusedFetch extends Error {
  constructor(readonly refusal: FetchRefusal) {
    super(refusal.message);
    this.name = 'RefusedFetch';
  }
}
