/** Where the blobs lie in an object store. */
export interface S3Address {
  readonly bucket: string;
  /** In front of each key: empty, or ends with `/`. */
  readonly prefix: string;
  /** Of a store that is not Amazon's. Undefined, `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL` are asked, then Amazon. */
  readonly endpoint: string | undefined;
  /** Undefined, that of the environment or of the profile. */
  readonly region: string | undefined;
}

/** Whether a value of INKWIRE_BLOBS names an object store, and not a folder. */
export function isS3Address(text: string): boolean {
  return text.startsWith('s3://');
}

/**
 * Reads `s3://bucket/prefix?endpoint=https://storage.example&region=eu-1`; all but the bucket may be left out.
 * @returns what is wrong with it, as a text
 */
export function readS3Address(text: string): S3Address | string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== 's3:' || url.host === '')
    return 'name a bucket: s3://bucket/prefix';
  if (url.username !== '' || url.password !== '')
    return 'keys do not belong into the address: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.host)) return `${url.host} is no name of a bucket`;
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'endpoint' && name !== 'region');
  if (unknown !== undefined) return `${unknown} is unknown: endpoint and region may follow the "?"`;
  const endpoint = url.searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !/^https?:\/\/[^/?#]+\/?$/.test(endpoint))
    return 'endpoint is no http:// or https:// address';
  const path = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  return {
    bucket: url.host,
    prefix: path === '' ? '' : `${path}/`,
    endpoint,
    region: url.searchParams.get('region') ?? undefined,
  };
}
