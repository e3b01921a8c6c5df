import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const sdk = fileURLToPath(new URL('sdk/inkwire.ts', import.meta.url));

/**
 * The viewer of pages for every page: one module, `dist/web/pages.js`. It loads `client.js` beside it where a document is followed
 * while it is made.
 */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: fileURLToPath(new URL('../dist/web/', import.meta.url)),
    emptyOutDir: false,
    target: 'es2022',
    // `light-dark()` as it is: what would be put in its place hears of a `color-scheme` only where this file itself sets one.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: false,
    minify: 'oxc',
    lib: {
      entry: fileURLToPath(new URL('viewer/inkwire-pages.ts', import.meta.url)),
      formats: ['es'],
      fileName: () => 'pages.js',
    },
    rolldownOptions: {
      external: (name, importer) =>
        name === sdk || (name === '../sdk/inkwire.js' && importer?.includes('/client/viewer/') === true),
      output: {
        minify: true,
        comments: false,
        paths: (name) => (name.endsWith('inkwire.js') || name === sdk ? './client.js' : name),
      },
    },
    reportCompressedSize: true,
  },
});
