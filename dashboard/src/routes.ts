/** Which page stands at which path, and what somebody needs to see it. */

import type { Component } from 'svelte';
import type { Permission } from './api/types.ts';
import { t } from './messages.ts';
import type { IconName } from './components/Icon.svelte';

type Load = () => Promise<{ default: Component }>;

export interface Route {
  path: string;
  title: string;
  load: Load;
  /** Shown to anybody, in a frame of its own without navigation. */
  open?: true;
  /** The tab of Settings that this is. */
  tab?: { label: string; icon: IconName };
  /** Needed in at least one team, or in the instance. */
  needs?: Permission;
}

export const ROUTES: readonly Route[] = [
  { path: '/', title: t.home.page, load: () => import('./pages/home/Home.svelte') },
  { path: '/setup', title: t.setup.page, open: true, load: () => import('./pages/Setup.svelte') },
  { path: '/sign-in', title: t.signIn.page, open: true, load: () => import('./pages/SignIn.svelte') },
  { path: '/invitation', title: t.invitation.page, open: true, load: () => import('./pages/Invitation.svelte') },
  {
    path: '/settings/profile',
    title: t.profile.page,
    tab: { label: t.settings.tabs.profile, icon: 'person' },
    load: () => import('./pages/settings/Profile.svelte'),
  },
  {
    path: '/settings/sites',
    title: t.sites.page,
    tab: { label: t.settings.tabs.sites, icon: 'site' },
    load: () => import('./pages/settings/Sites.svelte'),
  },
  {
    path: '/settings/people',
    title: t.people.page,
    tab: { label: t.settings.tabs.people, icon: 'people' },
    load: () => import('./pages/settings/People.svelte'),
  },
  {
    path: '/settings/api-keys',
    title: t.keys.page,
    tab: { label: t.settings.tabs.keys, icon: 'key' },
    needs: 'key:manage',
    load: () => import('./pages/settings/ApiKeys.svelte'),
  },
  {
    path: '/settings/audit',
    title: t.audit.page,
    tab: { label: t.settings.tabs.audit, icon: 'history' },
    needs: 'audit:read',
    load: () => import('./pages/settings/Audit.svelte'),
  },
];

export const find = (path: string): Route | undefined => ROUTES.find((route) => route.path === path.replace(/(?<=.)\/+$/, ''));
