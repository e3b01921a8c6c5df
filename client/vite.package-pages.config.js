import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vite';
import viewer from './vite.viewer.config.js';

/** The viewer of pages in `@inkwire/client`: the file that a server serves, less where it comes from. */
export default mergeConfig(
  viewer,
  defineConfig({
    // In a bundle it comes from wherever the bundle is: the server is the page's own origin, unless `href` says otherwise.
    define: { 'import.meta.url': 'location.origin' },
    build: { outDir: fileURLToPath(new URL('dist/', import.meta.url)) },
  }),
);
