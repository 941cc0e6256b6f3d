/** The texts of Home, and of adding and changing sites. */

import { plural } from '../format.ts';
import { t as shell } from './shell.ts';

export const t = {
  ...shell,

  home: {
    title: 'Home',
    sites: 'Sites',
    addSite: 'Add site',
    none: {
      title: 'Add your first site',
      text: 'A site is one web application that you want to understand. You get a snippet for its pages, and this list shows when the first visit arrives.',
      viewer: 'Nobody has added a site yet. A member of your team can do it in Settings.',
      viewerTitle: 'No sites yet',
    },
    visitors: (count: number) => `${plural(count, 'visitor', 'visitors')} in 7 days`,
    waiting: 'Waiting for first event',
    unanswered: 'Say what may be collected here. Nothing is recorded until then.',
    demo: 'Demo',
    waitingHint: 'Put this before </head> on every page, publish, then open a page of the site.',
    showSnippet: 'Show snippet',
    hideSnippet: 'Hide snippet',
    anyDomain: 'any domain',
    health: 'Health',
    healthy: 'Everything answers',
    unhealthy: (count: number) => `${plural(count, 'part', 'parts')} down`,
    stopping: 'The server is stopping',
    version: (version: string) => `Version ${version}`,
    up: 'Up',
    down: 'Down',
    parts: { database: 'Database', objects: 'Object store', object_store: 'Object store', jobs: 'Background jobs', keys: 'Keys', schema: 'Schema', disk: 'Disk', clock: 'Clock', server: 'Server' } as Record<string, string>,
  },

  sites: {
    name: 'Name',
    nameHint: 'As you call it among yourselves.',
    domains: 'Domains',
    domainsHint: 'One per line, without https://. *.example.com takes all below it. Left empty, every domain is taken.',
    zone: 'Time zone',
    zoneHint: 'Days begin and end here in reports.',
    team: 'Team',
    key: 'Public key',
    retention: 'Keep data for',
    retentionText: 'Older data are deleted for good.',
    days: 'days',
    kinds: { analytics: 'Analytics', vitals: 'Web Vitals', recordings: 'Recordings', logs: 'Logs', errors: 'Errors' },
    daysProblem: 'A whole number from 1 to 3650.',
    add: 'Add site',
    addTitle: 'Add a site',
    editTitle: (name: string) => `Edit ${name}`,
    added: (name: string) => `${name} was added.`,
    none: 'No sites yet',
    noneText: 'Add the first one to get its snippet.',
    noneViewer: 'A member of your team can add one.',
    removeTitle: (name: string) => `Delete ${name}?`,
    removeText: 'The site and everything measured on it are deleted for good: analytics, recordings, vitals, errors and logs. Pages that still have its snippet are answered with an error.',
    removeAction: 'Delete site',
    removed: (name: string) => `${name} was deleted.`,
    snippet: (name: string) => `Snippet of ${name}`,
  },
} as const;
