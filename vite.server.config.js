import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const chunks = path('dist/src/chunks');
/** The store's thread has few modules, and is left as it is. */
const entries = ['main', 'body-thread', 'render/thread', 'render/picture-child'];

/**
 * Packages of which the program needs a small part, or many small modules, with what they need themselves. They are no
 * part of an installation, which is 80 MB smaller for it. The library of PDFs and what it stands on are 350 modules, for which
 * the first form of a server waits: half a second of CPU, a quarter in one file.
 */
const bundled = [
  'typebox',
  /^@opentelemetry\//,
  '@cantoo/pdf-lib',
  'culori',
  'fflate',
  'node-html-better-parser',
  'html-entities',
  'tslib',
];

/**
 * The program and its threads in few files, written over those that tsc makes of these entries: a server loads some 1,100
 * small modules otherwise, most of them typebox's, for 0.7 s of CPU and 30 MB. Everything else from
 * `node_modules` stays there.
 */
export default defineConfig({
  publicDir: false,
  plugins: [{ name: 'without-old-chunks', closeBundle: removeOldChunks }],
  ssr: { noExternal: bundled },
  build: {
    ssr: true,
    outDir: path('dist/src'),
    // With what tsc has made: tests and benchmarks load single modules.
    emptyOutDir: false,
    target: 'node20',
    sourcemap: true,
    minify: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: Object.fromEntries(entries.map((name) => [name, path(`src/${name}.ts`)])),
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
    },
  },
});

/** Of earlier builds; not at once, since a server that runs may not have loaded all of its own yet. */
function removeOldChunks() {
  const old = Date.now() - 3_600_000;
  for (const name of readdirSync(chunks))
    if (statSync(join(chunks, name)).mtimeMs < old) rmSync(join(chunks, name), { force: true });
}
