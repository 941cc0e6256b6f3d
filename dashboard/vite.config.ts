import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { finish } from './scripts/finish.mjs';

const server = process.env.SIGHTLINE_SERVER ?? 'http://127.0.0.1:8788';

export default defineConfig({
  plugins: [svelte(), finish({ firstScreen: 60_000, lazyPage: 40_000 })],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    reportCompressedSize: false,
    chunkSizeWarningLimit: 200,
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'], // the first that know light-dark()
    // One style sheet and one chunk of shared parts: pages then arrive in one request each, not in a dozen.
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'svelte', test: /node_modules/ }, { name: 'parts', test: /\/src\/(components|api)\// }] },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    proxy: { '/api': server, '/readyz': server, '/healthz': server },
  },
});
