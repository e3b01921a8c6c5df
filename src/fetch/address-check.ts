import { isIP } from 'node:net';
import { createAddressRule, type ForbidsAddress } from './addresses.js';
import { type FetchRefusal, refuseFetch } from './fetch-refusal.js';

/** What may be asked for, before any name is resolved. */
export interface TargetRules {
  readonly forbids: ForbidsAddress;
  /**
   * Ports other than 80 and 443. Closed on the internet, where other ports belong to other protocols that a request
   * could be made to speak; open where the operator opened the own network, whose services sit on any port.
   */
  readonly anyPort: boolean;
}

export type Target = { readonly ok: true; readonly url: URL } | FetchRefusal;

/** Longer URLs are refused: no server takes them. Characters. */
const maxUrlLength = 8_192;

/**
 * Judges a URL without asking the network. WHATWG parsing has by then turned every spelling of an IPv4 address
 * (decimal, octal, hex, short, full-width) into four decimal numbers, so a literal address can be judged as text.
 */
export function checkTarget(text: string, rules: TargetRules): Target {
  if (text.length > maxUrlLength)
    return refuseFetch('scheme', `the URL is longer than ${maxUrlLength} characters`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return refuseFetch('scheme', 'must be an absolute http or https URL');
  }
  if (url.username !== '' || url.password !== '') {
    return refuseFetch('userinfo', 'the URL must not carry a user name or password');
  }
  if (!rules.anyPort && url.port !== '' && url.port !== '80' && url.port !== '443') {
    return refuseFetch('address', 'only the ports 80 and 443 may be reached');
  }
  // The dot that ends an absolute name is none of the certificate's, nor of a comparison's.
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1);
  const address = literalAddress(url);
  if (address !== undefined && rules.forbids(address)) {
    return refuseFetch('address', `${url.hostname} may not be reached`);
  }
  return { ok: true, url };
}

/** The address that the host itself spells, without brackets; RFC 6761 makes every `localhost` name loopback. */
export function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0) return host;
  return host === 'localhost' || host.endsWith('.localhost') ? '127.0.0.1' : undefined;
}

export function createTargetRules(
  allowPrivate: boolean,
  forbids = createAddressRule(allowPrivate),
): TargetRules {
  return { forbids, anyPort: allowPrivate };
}

/**
 * For submits: returns what is wrong with a URL as far as it can be judged without the network; undefined when it may
 * be tried.
 */
export function createAddressCheck(allowPrivate: boolean): (url: string) => string | undefined {
  const rules = createTargetRules(allowPrivate);
  return (url) => {
    const target = checkTarget(url, rules);
    return target.ok ? undefined : target.message;
  };
}
