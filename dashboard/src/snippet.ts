/** What a site puts into its pages. */

import { api } from './api/api.ts';
import type { Site } from './api/types.ts';

/** The server's snippet; where it does not know its public address, it is reached as this page reached it. */
export async function snippet(site: Pick<Site, 'id'>, origin: string = window.location.origin): Promise<string> {
  const { html } = await api.sites.snippet(site.id);
  return html.replace('src="/', `src="${origin}/`);
}
