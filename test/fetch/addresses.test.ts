import { describe, expect, it } from 'vitest';
import { createAddressCheck } from '../../src/fetch/address-check.js';
import { addressScope, createAddressRule } from '../../src/fetch/addresses.js';

describe('where an address leads', () => {
  it.each([
    '1.1.1.1',
    '93.184.215.14',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '2606:4700::1111',
    '::ffff:1.1.1.1',
  ])('%s is public', (address) => {
    expect(addressScope(address)).toBe('public');
  });

  it.each([
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['loopback', '::1'],
    ['RFC 1918', '10.0.0.1'],
    ['RFC 1918', '172.16.0.1'],
    ['RFC 1918', '172.31.255.255'],
    ['RFC 1918', '192.168.1.1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['unique local', 'fc00::1'],
    ['unique local', 'fd12:3456::1'],
    ['mapped', '::ffff:127.0.0.1'],
    ['mapped, in hex', '::ffff:7f00:1'],
    ['mapped', '::ffff:10.1.2.3'],
  ])('private: %s %s', (_, address) => {
    expect(addressScope(address)).toBe('private');
  });

  it.each([
    ['unspecified', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['unspecified', '::'],
    ['link-local', '169.254.169.254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['mapped link-local', '::ffff:169.254.169.254'],
    ['multicast', '224.0.0.1'],
    ['multicast', 'ff02::1'],
    ['broadcast', '255.255.255.255'],
    ['reserved', '240.0.0.1'],
    ['protocol assignments', '192.0.0.8'],
    ['benchmarking', '198.18.0.1'],
    ['benchmarking', '2001:2::1'],
    ['documentation', '192.0.2.1'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['documentation', '2001:db8::1'],
    ['documentation', '3fff::1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['NAT64, local', '64:ff9b:1::7f00:1'],
    ['6to4', '2002:7f00:1::'],
    ['6to4 relay', '192.88.99.1'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['translated', '::ffff:0:127.0.0.1'],
    ['site-local, which is no more', 'fec0::1'],
    ['compatible, which is no more', '::127.0.0.1'],
    ['compatible, which is no more', '::1.1.1.1'],
    ['compatible, in hex', '::7f00:1'],
    ['discard', '100::1'],
    ['segment routing', '5f00::1'],
    ['not given out', '4000::1'],
    ['Azure metadata', '168.63.129.16'],
    ['Alibaba metadata', '100.100.100.200'],
    ['AWS metadata', 'fd00:ec2::254'],
    ['no address', 'example.com'],
    ['no address', ''],
  ])('special: %s %s', (_, address) => {
    expect(addressScope(address)).toBe('special');
    expect(createAddressRule(true)(address)).toBe(true);
  });

  it('opens the own network, and no more, where private addresses are allowed', () => {
    const [closed, open] = [createAddressRule(false), createAddressRule(true)];
    for (const address of ['127.0.0.1', '10.0.0.1', '::1', 'fd12::1', '::ffff:192.168.0.1']) {
      expect([closed(address), open(address)]).toEqual([true, false]);
    }
  });
});

describe('what is refused before anything is asked', () => {
  const check = createAddressCheck(false);

  it.each([
    'file:///etc/passwd',
    'ftp://example.com/a.png',
    'data:image/png;base64,AAAA',
    'gopher://example.com',
    'javascript:1',
    '/etc/passwd',
    '//example.com/a',
    'example.com',
    '',
    `http://example.com/${'a'.repeat(9000)}`,
  ])('%s is no http or https URL', (url) => {
    expect(check(url)).toMatch(/URL/);
  });

  it.each(['http://user@example.com', 'https://user:secret@example.com', 'https://:secret@example.com'])(
    '%s carries userinfo',
    (url) => {
      expect(check(url)).toMatch(/user name/);
    },
  );

  it.each([
    ['decimal', 'http://2130706433/'],
    ['hex', 'http://0x7f000001/'],
    ['hex parts', 'http://0x7f.0x0.0x0.0x1/'],
    ['octal', 'http://0177.0.0.01/'],
    ['octal as one number', 'http://017700000001/'],
    ['short', 'http://127.1/'],
    ['zero', 'http://0/'],
    ['with a trailing dot', 'http://127.0.0.1./'],
    ['full-width', 'http://１２７.0.0.1/'],
    ['circled', 'http://①②⑦.⓪.⓪.①/'],
    ['with other dots', 'http://127。0。0。1/'],
    ['percent-encoded', 'http://%31%32%37.0.0.1/'],
    ['with backslashes', 'http:\\\\127.0.0.1\\'],
    ['without slashes', 'http:127.0.0.1'],
    ['in a scheme of mixed case', 'HtTpS://127.0.0.1/'],
    ['after a tab and a line end', ' \tht\ntp://127.0.0.1/'],
    ['IPv6', 'http://[::1]/'],
    ['IPv6 in full', 'http://[0:0:0:0:0:0:0:1]/'],
    ['unspecified', 'http://[::]/'],
    ['mapped', 'http://[::ffff:127.0.0.1]/'],
    ['compatible', 'http://[::127.0.0.1]/'],
    ['NAT64', 'http://[64:ff9b::127.0.0.1]/'],
    ['localhost', 'http://localhost/'],
    ['localhost in another case', 'http://LocalHost/'],
    ['localhost with a trailing dot', 'http://localhost./'],
    ['below localhost', 'http://a.localhost/'],
    ['metadata', 'http://169.254.169.254/latest/meta-data/'],
  ])('a private address is known when it is %s: %s', (_, url) => {
    expect(check(url)).toMatch(/may not be reached/);
  });

  it('a port that is not that of the web is closed on the internet and open where private addresses are allowed', () => {
    for (const url of ['http://example.com:6379/', 'https://example.com:22/']) {
      expect(check(url)).toMatch(/ports/);
      expect(createAddressCheck(true)(url)).toBeUndefined();
    }
    for (const url of ['http://example.com:80/', 'https://example.com:443/', 'http://example.com:443/']) {
      expect(check(url)).toBeUndefined();
    }
  });

  it.each([
    'https://example.com/a.png?b=c#d',
    'http://example.com./',
    'http://1.1.1.1/',
    'http://[2606:4700::1111]/',
  ])('%s may be tried', (url) => {
    expect(check(url)).toBeUndefined();
  });
});
