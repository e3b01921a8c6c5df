import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const file = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * One program with all that it needs, so that whoever starts it installs one package, and the server none of its parts.
 * `license.md` beside it names what is in it.
 */
export default defineConfig({
  publicDir: false,
  ssr: { noExternal: true, external: ['ws'] },
  build: {
    ssr: file('main.ts'),
    outDir: file('dist'),
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    license: { fileName: 'license.md' },
    rolldownOptions: { output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' } },
  },
});
