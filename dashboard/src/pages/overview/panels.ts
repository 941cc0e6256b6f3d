/** Which panels stand below the chart, and the tabs of each; Realtime and Compare show the same. */

import { t } from '../../messages/overview.ts';
import type { Tab } from '../../site/Panel.svelte';

const { tabs } = t.overview;

export const PANELS: readonly { name: string; title: string; tabs: readonly Tab[] }[] = [
  {
    name: 'sources',
    title: t.overview.sources,
    tabs: [
      { name: 'channels', label: tabs.channels, fields: ['channel'] },
      { name: 'sources', label: tabs.sources, fields: ['referrer', 'referrer_path', 'hostname'] },
      { name: 'campaigns', label: tabs.campaigns, fields: ['utm_campaign', 'utm_source', 'utm_medium', 'utm_content', 'utm_term'] },
    ],
  },
  {
    name: 'pages',
    title: t.overview.pages,
    tabs: [
      { name: 'top', label: tabs.top, fields: ['path', 'title'] },
      { name: 'entry', label: tabs.entry, fields: ['entry'] },
      { name: 'exit', label: tabs.exit, fields: ['exit'] },
    ],
  },
  {
    name: 'places',
    title: t.overview.places,
    tabs: [
      { name: 'map', label: tabs.map, fields: ['country'], map: true },
      { name: 'countries', label: tabs.countries, fields: ['country'] },
      { name: 'regions', label: tabs.regions, fields: ['region'] },
      { name: 'cities', label: tabs.cities, fields: ['city'] },
      { name: 'languages', label: tabs.languages, fields: ['language'] },
    ],
  },
  {
    name: 'devices',
    title: t.overview.devices,
    tabs: [
      { name: 'devices', label: tabs.devices, fields: ['device'] },
      { name: 'browsers', label: tabs.browsers, fields: ['browser'] },
      { name: 'os', label: tabs.os, fields: ['os'] },
      { name: 'screens', label: tabs.screens, fields: ['screen'] },
    ],
  },
  {
    name: 'behaviour',
    title: t.overview.behaviour,
    tabs: [
      { name: 'events', label: tabs.events, fields: ['event'], metric: 'events' },
      { name: 'tags', label: tabs.tags, fields: ['tag'] },
    ],
  },
];
