/** What a site puts into its pages. */

import type { Site } from './api/types.ts';

const SCRIPT = '/sightline.js';

export const snippet = (site: Pick<Site, 'public_key'>, origin: string = window.location.origin): string =>
  `<script defer src="${origin}${SCRIPT}" data-site="${site.public_key}"></script>`;
