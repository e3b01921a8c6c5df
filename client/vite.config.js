import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The live page: `dist/web/index.html` and its hashed files in `dist/web/assets`. */
export default defineConfig({
  root: fileURLToPath(new URL('page/', import.meta.url)),
  base: '/',
  build: {
    outDir: fileURLToPath(new URL('../dist/web/', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // A file of its own for each: the page's policy loads nothing that stands in the text.
    assetsInlineLimit: 0,
    // All files of the first view at once, and no code for browsers that know no such links.
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // For `vite -c client/vite.config.js`: the page from its source, everything else from a server that runs.
  server: {
    proxy: {
      '/api': { target: 'http://127.0.0.1:8080', ws: true },
      '/favicon.ico': 'http://127.0.0.1:8080',
    },
  },
});
