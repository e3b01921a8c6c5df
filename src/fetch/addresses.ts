import ipaddr from 'ipaddr.js';

/**
 * Where an address leads, as far as a request made for a stranger is concerned:
 *
 * - `public`: the internet.
 * - `private`: this machine or the operator's own network (loopback, RFC 1918, unique local, carrier-grade NAT).
 * - `special`: nowhere that a document could come from (multicast, unspecified, reserved, documentation, link-local),
 *   an address that hides another one in a tunnel (NAT64, 6to4, Teredo), or a cloud's metadata service.
 */
export type AddressScope = 'public' | 'private' | 'special';

/** Whether an address, written as a resolver or `URL.hostname` writes it (no brackets), must not be connected to. */
export type ForbidsAddress = (address: string) => boolean;

const privateRanges: ReadonlySet<string> = new Set(['private', 'loopback', 'carrierGradeNat', 'uniqueLocal']);

/** Metadata services outside link-local: Azure (a public address), Alibaba, AWS over IPv6. */
const metadataServices: ReadonlySet<string> = new Set(['168.63.129.16', '100.100.100.200', 'fd00:ec2::254']);

/** All of IPv6 that is given out to networks (RFC 4291, section 2.4); whatever lies outside is not on the internet. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** `::a.b.c.d`, which RFC 4291 took out of use; the library reads it as a mapped address. */
const compatible = /^::\d+\.\d/;

/** Text that is no address is `special`. */
export function addressScope(text: string): AddressScope {
  if (!ipaddr.isValid(text) || compatible.test(text)) return 'special';
  // `process` turns ::ffff:a.b.c.d into a.b.c.d, which is where such an address leads.
  const address = ipaddr.process(text);
  const range = address.range();
  if (metadataServices.has(address.toString())) return 'special';
  if (privateRanges.has(range)) return 'private';
  if (range !== 'unicast') return 'special';
  return address instanceof ipaddr.IPv6 && !address.match(globalUnicast) ? 'special' : 'public';
}

/** With `allowPrivate` the operator's own network may be reached; metadata services and link-local stay closed. */
export function createAddressRule(allowPrivate: boolean): ForbidsAddress {
  return (address) => {
    const scope = addressScope(address);
    return scope !== 'public' && !(allowPrivate && scope === 'private');
  };
}
