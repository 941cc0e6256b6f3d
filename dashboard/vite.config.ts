import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { finish } from './scripts/finish.mjs';

const server = process.env.SIGHTLINE_SERVER ?? 'http://127.0.0.1:8788';

export default defineConfig({
  plugins: [
    svelte(),
    finish({
      firstScreen: 60_000,
      first: ['SignIn', 'Setup', 'Invitation', 'Home', 'Overview', 'Shared'],
      lazyPage: 40_000,
      engines: { uPlot: 25_000, Session: 75_000, SharedRecording: 75_000 },
    }),
  ],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    reportCompressedSize: false,
    chunkSizeWarningLimit: 200,
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'], // the first that know light-dark()
    // One style sheet, one chunk of shared parts, one of what pages of a site share: pages then arrive in one request
    // each, not in a dozen. uPlot and the replay engine come with the first chart and the first replay.
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'svelte', test: /node_modules\/(?!uplot|@rrweb)/ },
            { name: 'parts', test: /\/src\/((components|api)\/(?!Confirm|Copy|Dialog|Drawer|Field|KeyHelp|Notice|PasswordField|TextField|administration|saved)|(?!main|names|polling|remembered|sizes|snippet|strength|forms|token)[^/]+\.ts$)/ },
            { name: 'watching', test: /\/src\/(replay\/(source|moments)|messages\/replay)\.ts$/ },
            { name: 'forms', test: /\/src\/components\// },
            { name: 'watching', test: /\/src\/(replay\/(source|moments)|messages\/replay)\.ts$/ }, // so that a dialog of the player needs no engine
            { name: 'site', test: /\/src\/(site\/((Bars|Change|Chip|CompareMenu|FilterBar|Panel|RangePicker|SitePage|Tile)\.svelte|words\.ts|(rebuilding|reports|troubles)\.svelte\.ts)|messages\/site\.ts)$/ },
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    proxy: { '/api': server, '/readyz': server, '/healthz': server, '/replay-frame': server },
  },
});
