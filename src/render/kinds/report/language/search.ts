/** Beyond it the engine's own search may take time by the product of both lengths, where a part differs in its middle alone. */
const shortPart = 64;

/** Whether a part stands in a text, in time by their lengths. */
export function contains(text: string, part: string): boolean {
  return part.length <= shortPart ? text.includes(part) : places(text, part).next().done !== true;
}

/** What stands between the places of a part that is not empty, in time by their lengths. */
export function splitAt(text: string, part: string): string[] {
  if (part.length <= shortPart) return text.split(part);
  const pieces: string[] = [];
  let from = 0;
  for (const place of places(text, part)) {
    pieces.push(text.slice(from, place));
    from = place + part.length;
  }
  pieces.push(text.slice(from));
  return pieces;
}

/** Knuth, Morris and Pratt: no character of the text is looked at again. */
function* places(text: string, part: string): Generator<number, void> {
  const shorter = shorterMatches(part);
  let matched = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = shorter[matched - 1] ?? 0;
    if (part.charCodeAt(matched) === unit) matched += 1;
    if (matched < part.length) continue;
    yield at + 1 - part.length;
    matched = 0;
  }
}

/** For each beginning of the part: how long the longest other one is with which it ends. */
function shorterMatches(part: string): Uint32Array {
  const shorter = new Uint32Array(part.length);
  let matched = 0;
  for (let at = 1; at < part.length; at += 1) {
    const unit = part.charCodeAt(at);
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = shorter[matched - 1] ?? 0;
    if (part.charCodeAt(matched) === unit) matched += 1;
    shorter[at] = matched;
  }
  return shorter;
}
