import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const file = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** The scripts of `@inkwire/client`: few files, since each takes a block of the disk, and readable. Types come from tsc. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: file('dist'),
    emptyOutDir: true,
    target: 'es2022',
    minify: false,
    lib: {
      entry: {
        client: file('sdk/client.ts'),
        node: file('sdk/node.ts'),
        react: file('react/react.ts'),
        element: file('element/inkwire-job.ts'),
      },
      formats: ['es'],
    },
    rolldownOptions: {
      external: ['react', 'ws'],
      // Declarations have the comments.
      output: { chunkFileNames: 'client-[name].js', comments: false },
    },
  },
});
