/**
 * 64 bits (FNV-1a, twice) that distinguish texts, as letters, digits and a hyphen. The text cannot be had from them.
 * They do not resist an attacker, who can find two texts with the same digest.
 */
export function shortDigest(text: string): string {
  return [0x811c9dc5, 0x9747b28c]
    .map((seed) => {
      let hash = seed;
      for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
      return (hash >>> 0).toString(36);
    })
    .join('-');
}
