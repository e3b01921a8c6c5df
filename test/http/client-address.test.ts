import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { addressTest, createAddressOf } from '../../src/http/admission/client-address.js';

const isProxy = addressTest(['10.0.0.0/8', '192.168.1.1', 'fd00::/8']);
const addressOf = createAddressOf(isProxy);
const from = (remoteAddress: string, forwarded?: string) =>
  addressOf({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  } as unknown as IncomingMessage);

describe('the address of a caller', () => {
  test.each([
    ['comes without a proxy', '203.0.113.9', undefined, '203.0.113.9'],
    ['is not believed from who is no proxy', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['is what a proxy wrote down', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['is what the nearest proxy that is not ours wrote', '10.0.0.1', '6.6.6.6, 203.0.113.9', '203.0.113.9'],
    ['goes through several proxies', '10.0.0.1', '203.0.113.9, 192.168.1.1,10.2.3.4', '203.0.113.9'],
    ['is the last proxy where all are trusted', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['is the proxy itself where it wrote nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['is the proxy itself where it wrote no address', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['does not look behind what is no address', '10.0.0.1', '6.6.6.6, nonsense, 10.0.0.2', '10.0.0.2'],
    ['may have a port', '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['may be IPv6, which counts by its /64', '10.0.0.1', '2001:db8::1', '2001:db8:0:0'],
    ['may be IPv6 with a port', 'fd00::1', '[2001:db8::1]:4711', '2001:db8:0:0'],
    ['may be IPv6 in brackets', 'fd00::1', '[2001:db8::1]', '2001:db8:0:0'],
    ['is IPv6 itself, which counts by its /64', '2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2'],
    ['may be of a proxy in IPv4-mapped form', '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
  ])('%s', (_rule, remote, forwarded, address) => expect(from(remote, forwarded)).toBe(address));
});
