/** Bytes of the key in a secret, as Standard Webhooks bounds them. */
export const secretBytes = { min: 24, max: 64 } as const;
export const secretPrefix = 'whsec_';
/** Of the largest one. Shapes are not asked of more: they take long over a run of `=`, and throw past some million signs. */
const maxEncoded = Math.ceil(secretBytes.max / 3) * 4;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Why a text is no secret of Standard Webhooks, or undefined. */
export function secretDefect(secret: string): string | undefined {
  const encoded = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : '';
  const isBase64 = encoded.length <= maxEncoded && base64.test(encoded);
  const padding = isBase64 ? (/=*$/.exec(encoded)?.[0].length ?? 0) : 0;
  const bytes = isBase64 ? (encoded.length / 4) * 3 - padding : 0;
  if (bytes >= secretBytes.min && bytes <= secretBytes.max) return undefined;
  return `must be "${secretPrefix}" and ${secretBytes.min} to ${secretBytes.max} bytes in base64`;
}
