import type { NodeConnectionOptions } from '@nats-io/transport-node';

/** The server looks for a lost connection itself; this is for one that hangs. */
const pingMs = 5_000;
/** Between two tries to connect. */
export const againMs = 250;

/** What INKWIRE_FANOUT_URL says: `nats://user:password@host:port` or `tls://...`, several with commas between them. */
export function optionsOf(url: string): NodeConnectionOptions & { readonly servers: string[] } {
  const addresses = url.split(',').map((address) => new URL(address.trim()));
  const [first] = addresses;
  const { username = '', password = '' } = first ?? {};
  return {
    servers: addresses.map(({ host }) => host),
    name: 'inkwire',
    noEcho: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: againMs,
    // A password that is being changed is no reason to give up.
    ignoreAuthErrorAbort: true,
    pingInterval: pingMs,
    ...(username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    ...(first?.protocol === 'tls:' ? { tls: {} } : {}),
  };
}
