/** The texts of shared reports. */

import { plural } from '../format.ts';
import { t as overview } from './overview.ts';

export const t = {
  ...overview,

  shares: {
    title: 'Share this report',
    text: 'Whoever has the link sees this report with its time range, comparison, filters and segments, and nothing else of this site. Every time it is opened is noted.',
    pageText: 'Links by which people without an account see one report.',
    name: 'Name',
    nameHint: 'Whoever opens the link reads it, too.',
    proposed: (site: string) => `Overview of ${site}`,
    until: 'Until',
    days: (days: number) => (days === 365 ? 'A year' : days ? plural(days, 'day', 'days') : 'No end'),
    password: 'Password',
    passwordHint: 'Send it by another way than the link.',
    short: 'Take 8 characters at least.',
    free: 'They may choose another time and further filters',
    create: 'Create link',
    made: 'Send this link. You can take it back at any time.',
    link: 'Link to the report',
    all: 'All links',
    opened: 'Opened',
    last: 'Last opened',
    never: 'Never',
    guarded: 'Password',
    isFree: 'Free range',
    over: 'Expired',
    copy: (name: string) => `Copy the link to ${name}`,
    remove: 'Take back',
    removeLabel: (name: string) => `Take back ${name}`,
    removeTitle: (name: string) => `Take back ${name}?`,
    removeText: 'Whoever has the link sees nothing from now on. This cannot be undone.',
    removed: (name: string) => `${name} was taken back.`,
    none: 'Nothing is shared',
    noneText: 'Open Overview, choose a range and filters, and press Share: you get a link for people without an account.',
    toOverview: 'Go to Overview',
    askTitle: 'This report asks for a password',
    askText: 'Whoever sent you the link knows it.',
    show: 'Show report',
    ends: (when: string) => `until ${when}`,
  },
} as const;
