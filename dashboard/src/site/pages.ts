/**
 * The pages of a site: `/{site}/{name}`, in the order of the navigation. One without `load` is not there. A page that
 * nobody looks for in a list, as the replay of one visit, has no section.
 */

import type { Component } from 'svelte';
import type { Permission } from '../api/types.ts';
import type { IconName } from '../components/Icon.svelte';

export const SECTIONS = ['traffic', 'behaviour', 'growth', 'experience', 'backend', 'manage'] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface SitePage {
  /** The page's name in its address, and of its title in messages/shell.ts. */
  name: PageName;
  section?: SectionName;
  icon: IconName;
  /** Needed in the site's team. */
  needs: Permission;
  /** Whether more may follow the name in the address, as the visit of `/{site}/session/{visit}`. */
  deeper?: true;
  load?: () => Promise<{ default: Component }>;
}

export type PageName =
  | 'overview' | 'realtime' | 'compare' | 'events' | 'funnels' | 'retention' | 'journeys' | 'goals' | 'campaigns' | 'revenue'
  | 'links' | 'visits' | 'session' | 'vitals' | 'errors' | 'issue' | 'boards' | 'privacy' | 'shares' | 'health'
  | 'logs' | 'functions' | 'function'; // prettier-ignore

const READ = 'site:read';

export const SITE_PAGES: readonly SitePage[] = [
  { name: 'overview', section: 'traffic', icon: 'overview', needs: READ, load: () => import('../pages/overview/Overview.svelte') },
  { name: 'realtime', section: 'traffic', icon: 'realtime', needs: READ, load: () => import('../pages/overview/Realtime.svelte') },
  { name: 'compare', section: 'traffic', icon: 'compare', needs: READ, load: () => import('../pages/overview/Compare.svelte') },
  { name: 'visits', section: 'experience', icon: 'play', needs: READ, load: () => import('../pages/visits/Visits.svelte') },
  { name: 'session', icon: 'play', needs: READ, deeper: true, load: () => import('../pages/session/Session.svelte') },
  { name: 'vitals', section: 'experience', icon: 'vitals', needs: READ, load: () => import('../pages/vitals/Vitals.svelte') },
  { name: 'errors', section: 'experience', icon: 'bug', needs: 'site:errors', load: () => import('../pages/errors/Errors.svelte') },
  { name: 'issue', icon: 'bug', needs: 'site:errors', deeper: true, load: () => import('../pages/errors/IssuePage.svelte') },
  { name: 'logs', section: 'backend', icon: 'lines', needs: 'site:logs', load: () => import('../pages/logs/Logs.svelte') },
  { name: 'functions', section: 'backend', icon: 'function', needs: 'site:logs', load: () => import('../pages/functions/Functions.svelte') },
  { name: 'function', icon: 'function', needs: 'site:logs', deeper: true, load: () => import('../pages/functions/FunctionPage.svelte') },
  { name: 'events', section: 'behaviour', icon: 'events', needs: READ, load: () => import('../pages/events/Events.svelte') },
  { name: 'funnels', section: 'behaviour', icon: 'funnels', needs: READ, load: () => import('../pages/funnels/Funnels.svelte') },
  { name: 'journeys', section: 'behaviour', icon: 'journeys', needs: READ, load: () => import('../pages/journeys/Journeys.svelte') },
  { name: 'retention', section: 'behaviour', icon: 'retention', needs: READ, load: () => import('../pages/retention/Retention.svelte') },
  { name: 'goals', section: 'growth', icon: 'goals', needs: READ, load: () => import('../pages/goals/Goals.svelte') },
  { name: 'campaigns', section: 'growth', icon: 'campaigns', needs: READ, load: () => import('../pages/campaigns/Campaigns.svelte') },
  { name: 'revenue', section: 'growth', icon: 'revenue', needs: READ, load: () => import('../pages/revenue/Revenue.svelte') },
  { name: 'links', section: 'growth', icon: 'link', needs: READ, load: () => import('../pages/links/Links.svelte') },
  { name: 'boards', section: 'manage', icon: 'board', needs: READ, deeper: true, load: () => import('../pages/boards/Boards.svelte') },
  { name: 'shares', section: 'manage', icon: 'share', needs: 'site:change', load: () => import('../pages/shares/Shares.svelte') },
  { name: 'privacy', section: 'manage', icon: 'shield', needs: READ, load: () => import('../pages/privacy/Privacy.svelte') },
  { name: 'health', section: 'manage', icon: 'history', needs: READ, load: () => import('../pages/health/Health.svelte') },
];

/** `/{site}/{page}` and what follows; sites are named by their ids or, as trackers do, by their UUIDs. */
const ADDRESS = /^\/(?:\d{1,19}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\/([a-z-]+)(\/.+)?)?\/?$/;

/** Null where the address names no site; `page` is undefined where it names the site alone or what is no page. */
export function sitePage(path: string): { page: SitePage | undefined; alone: boolean } | null {
  const found = ADDRESS.exec(path);
  if (!found) return null;
  const page = SITE_PAGES.find(({ name, load, deeper }) => name === found[1] && load && (deeper || !found[2]));
  return { page, alone: found[1] === undefined };
}
