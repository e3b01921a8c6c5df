import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

export type AddressTest = (address: string) => boolean;
/** The address of the caller of a request or an upgrade, as limits count it. */
export type AddressOf = (request: IncomingMessage) => string;

/** Entries are addresses and CIDR blocks. */
export function addressTest(entries: readonly string[]): AddressTest {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  const test: AddressTest = (address) =>
    isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return remembered(test);
}

const maxRemembered = 1_000;

/** Asked for every request, mostly about the same few addresses; the list makes an object for each question. */
function remembered(test: AddressTest): AddressTest {
  const known = new Map<string, boolean>();
  return (address) => {
    const before = known.get(address);
    if (before !== undefined) return before;
    if (known.size >= maxRemembered) known.clear();
    const is = test(address);
    known.set(address, is);
    return is;
  };
}

/**
 * Each proxy appends the address that it got the request from to `X-Forwarded-For`. From the end on, the header is true
 * as long as trusted proxies wrote it: the first address that is none of them is the caller's.
 */
export function createAddressOf(isProxy: AddressTest): AddressOf {
  return ({ socket, headers }) => {
    let address = socket.remoteAddress ?? '';
    if (!isProxy(address)) return networkOf(address);
    const forwarded = String(headers['x-forwarded-for'] ?? '').split(',');
    for (let index = forwarded.length - 1; index >= 0 && isProxy(address); index -= 1) {
      const entry = bare(forwarded[index]?.trim() ?? '');
      // A text that is no address ends the part that can be trusted: the proxy that passed it on counts as the caller.
      if (isIP(entry) === 0) break;
      address = entry;
    }
    return networkOf(address);
  };
}

/** Some proxies write a port, and then brackets around IPv6. */
function bare(entry: string): string {
  const [, inBrackets, withPort] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(entry) ?? [];
  return inBrackets ?? withPort ?? entry;
}

/** IPv6 addresses count by their /64, which one customer has all of. */
export function networkOf(address: string): string {
  // Looked at first: the full test of an address is a long expression, and this is asked for every request.
  if (!address.includes(':') || !isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
