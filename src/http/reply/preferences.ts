/**
 * Whether an `Accept` header (RFC 9110, 12.5.1) prefers `candidate` to `standard`. Wildcards favour neither, so that
 * the standard answer is given to who does not ask for another.
 */
export function prefers(header: string | undefined, candidate: string, standard: string): boolean {
  if (header === undefined) return false;
  return weightOf(header, candidate) > weightOf(header, standard);
}

function weightOf(header: string, type: string): number {
  for (const part of header.toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((text) => text.trim());
    if (name !== type) continue;
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = quality === undefined ? 1 : Number(quality.slice(2));
    return Number.isFinite(weight) ? weight : 0;
  }
  return 0;
}
