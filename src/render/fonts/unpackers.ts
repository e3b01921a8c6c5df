import Module, { createRequire } from 'node:module';
import { brotliDecompressSync, inflateRawSync } from 'node:zlib';

/** Unpacks raw deflate into a buffer that is large enough; answers what of it was filled. */
function inflate(packed: Uint8Array, into: Uint8Array): Uint8Array {
  const unpacked = inflateRawSync(packed);
  into.set(unpacked);
  return unpacked.length < into.length ? into.subarray(0, unpacked.length) : into;
}

/**
 * Has fontkit unpack by Node. It brings two libraries in JavaScript: the one for its tables of characters takes half of the time that
 * fontkit takes to load, since code that runs for the first time is slow, and the other one 20 ms for fonts in WOFF2, of which the
 * server has none. Modules that are loaded already stay as they are.
 * @param fontkit where it lies
 */
export function unpackByNode(fontkit: string): void {
  const own = createRequire(fontkit);
  const trie = createRequire(own.resolve('unicode-trie'));
  standIn(trie, 'tiny-inflate', inflate);
  standIn(own, 'brotli/decompress.js', (packed: Uint8Array) => brotliDecompressSync(packed));
}

function standIn(require: NodeJS.Require, name: string, exports: unknown): void {
  const path = require.resolve(name);
  if (require.cache[path] !== undefined) return;
  const module = new Module(path);
  module.filename = path;
  module.loaded = true;
  module.exports = exports;
  require.cache[path] = module;
}
