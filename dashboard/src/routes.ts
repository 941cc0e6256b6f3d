/** Which page stands at which path, and what somebody needs to see it. */

import type { Component } from 'svelte';
import type { Permission } from './api/types.ts';
import { t } from './messages/shell.ts';
import type { IconName } from './components/Icon.svelte';
import { SITE_PAGES, sitePage, type SitePage } from './site/pages.ts';

type Load = () => Promise<{ default: Component }>;

export interface Route {
  path: string;
  title: string;
  load: Load;
  /** Shown to anybody, in a frame of its own without navigation; `bare`: the page brings its own frame. */
  open?: true;
  bare?: true;
  /** The tab of Settings that this is. */
  tab?: { label: string; icon: IconName };
  /** Needed in at least one team, or in the instance. */
  needs?: Permission;
  /** Of a page of a site, which needs its permission in that site's team. */
  of?: SitePage;
}

export const ROUTES: readonly Route[] = [
  { path: '/', title: t.pages.home, load: () => import('./pages/home/Home.svelte') },
  { path: '/start', title: t.pages.start, load: () => import('./pages/onboarding/Start.svelte') },
  { path: '/vault', title: t.pages.vault, needs: 'vault:read', load: () => import('./pages/vault/Vault.svelte') },
  { path: '/setup', title: t.pages.setup, open: true, load: () => import('./pages/Setup.svelte') },
  { path: '/sign-in', title: t.pages.signIn, open: true, load: () => import('./pages/SignIn.svelte') },
  { path: '/invitation', title: t.pages.invitation, open: true, load: () => import('./pages/Invitation.svelte') },
  { path: '/shared-recording', title: t.pages.sharedRecording, open: true, bare: true, load: () => import('./pages/session/SharedRecording.svelte') },
  {
    path: '/settings/profile',
    title: t.pages.profile,
    tab: { label: t.settings.tabs.profile, icon: 'person' },
    load: () => import('./pages/settings/Profile.svelte'),
  },
  {
    path: '/settings/sites',
    title: t.pages.sites,
    tab: { label: t.settings.tabs.sites, icon: 'site' },
    load: () => import('./pages/settings/Sites.svelte'),
  },
  { path: '/settings/site', title: t.pages.site, load: () => import('./pages/settings/site/SiteSettings.svelte') },
  {
    path: '/settings/people',
    title: t.pages.people,
    tab: { label: t.settings.tabs.people, icon: 'people' },
    load: () => import('./pages/settings/People.svelte'),
  },
  {
    path: '/settings/api-keys',
    title: t.pages.keys,
    tab: { label: t.settings.tabs.keys, icon: 'key' },
    needs: 'key:manage',
    load: () => import('./pages/settings/ApiKeys.svelte'),
  },
  {
    path: '/settings/audit',
    title: t.pages.audit,
    tab: { label: t.settings.tabs.audit, icon: 'history' },
    needs: 'audit:read',
    load: () => import('./pages/settings/Audit.svelte'),
  },
  {
    path: '/settings/cloud',
    title: t.pages.cloud,
    tab: { label: t.settings.tabs.cloud, icon: 'revenue' },
    needs: 'cloud:read',
    load: () => import('./pages/settings/Cloud.svelte'),
  },
];

/** `/shared/{slug}`: a report that is shown to whoever has the link. */
const SHARED: Route = { path: '/shared/', title: t.nav.shared, open: true, bare: true, load: () => import('./pages/shares/Shared.svelte') };

const OF_SITES: readonly Route[] = SITE_PAGES.flatMap((of) =>
  of.load ? [{ path: `/{site}/${of.name}`, title: t.nav[of.name], load: of.load, of }] : [],
);

export function find(path: string): Route | undefined {
  if (/^\/shared\/[\w-]+\/?$/.test(path)) return SHARED;
  const found = sitePage(path);
  if (found) return found.page && OF_SITES.find((route) => route.of === found.page);
  return ROUTES.find((route) => route.path === path.replace(/(?<=.)\/+$/, ''));
}
