/** The tracker as each framework takes it. What differs from site to site is its key, and where this server listens. */

import { administration } from '../../../api/administration.ts';
import type { Site } from '../../../api/types.ts';

export const WAYS = ['html', 'vite', 'next', 'nuxt', 'sveltekit', 'wordpress', 'gtm', 'umami', 'openreplay'] as const;
export type Way = (typeof WAYS)[number];
export type Snippets = Record<Way, string>;

type Named = Pick<Site, 'id' | 'uuid' | 'public_key'>;

/** All of them, for one site. */
export async function snippets(site: Named, origin: string = window.location.origin): Promise<Snippets> {
  const { html, path } = await administration.snippet(site.id);
  const tag = html.replace('src="/', `src="${origin}/`);
  const src = /src="([^"]+)"/.exec(tag)?.[1] ?? '';
  const base = src.slice(0, src.indexOf(path));
  const key = site.public_key;
  return {
    html: tag,
    vite: `import { init } from 'sightline-browser';

init({ site: '${key}', host: '${base}${path}' });`,
    next: `import Script from 'next/script';

export default function RootLayout({ children }: { children: React.ReactNode }) {
  return (
    <html lang="en">
      <body>
        {children}
        <Script src="${src}" data-site="${key}" strategy="afterInteractive" />
      </body>
    </html>
  );
}`,
    nuxt: `export default defineNuxtConfig({
  app: {
    head: {
      script: [{ src: '${src}', async: true, 'data-site': '${key}' }],
    },
  },
});`,
    sveltekit: tag,
    wordpress: `add_action('wp_head', function () {
  echo '${tag}';
});`,
    gtm: `<script>
  (function () {
    var script = document.createElement('script');
    script.async = true;
    script.src = '${src}';
    script.setAttribute('data-site', '${key}');
    document.head.appendChild(script);
  })();
</script>`,
    umami: `<script defer src="${base}/script.js" data-website-id="${site.uuid}"></script>`,
    openreplay: `import Tracker from '@openreplay/tracker';

const tracker = new Tracker({
  projectKey: '${key}',
  ingestPoint: '${base}/ingest',
});
tracker.start();`,
  };
}
