import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/**
 * The SDK for pages that have no build of their own: one module, `dist/web/client.js`. What few pages call is in
 * files beside it, which it loads when they are needed (`client-*.js`).
 */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: fileURLToPath(new URL('../dist/web/', import.meta.url)),
    // The live page is there already.
    emptyOutDir: false,
    target: 'es2022',
    sourcemap: false,
    minify: 'oxc',
    lib: {
      entry: fileURLToPath(new URL('sdk/inkwire.ts', import.meta.url)),
      formats: ['es'],
      fileName: () => 'client.js',
    },
    rolldownOptions: {
      // What the files beside it share with it stays in `client.js`: a page that only watches loads one file.
      preserveEntrySignatures: 'allow-extension',
      output: { minify: true, comments: false, chunkFileNames: 'client-[name].js' },
    },
    reportCompressedSize: true,
  },
});
