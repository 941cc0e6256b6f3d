/** The texts of Overview, Realtime and Compare. */

import { plural } from '../format.ts';
import { t as site } from './site.ts';

export const t = {
  ...site,

  overview: {
    now: (count: number) => `${plural(count, 'visitor', 'visitors')} now`,
    nowHint: 'In the last 5 minutes',
    tiles: 'Key figures',
    active: 'Visitors now',
    halfHour: 'Visitors, last 30 minutes',
    minutes: 'Visitors and views by minute',
    realtimeText: 'The last 30 minutes, counted again every 10 seconds.',
    latest: 'Latest',
    watch: 'Watch the visit',
    quiet: 'Nobody is here right now',
    quietText: 'What visitors do appears here within seconds.',
    compareText: 'The same figures of two periods, side by side.',
    metric: 'Figure',
    difference: 'Change',
    by: 'By',
    now1: 'Chosen period',
    differs: 'Difference',
    changed: 'What changed',
    noCompare: 'Nothing to compare with',
    noCompareText: 'Choose a period to compare with: press X, or use the menu above.',
    comparePrevious: 'Compare with the previous period',
    share: 'Share',
    sources: 'Sources',
    pages: 'Pages',
    places: 'Places',
    devices: 'Devices',
    behaviour: 'What they did',
    tabs: {
      channels: 'Channels',
      sources: 'Sources',
      campaigns: 'Campaigns',
      top: 'Top pages',
      entry: 'Entry',
      exit: 'Exit',
      map: 'Map',
      countries: 'Countries',
      regions: 'Regions',
      cities: 'Cities',
      languages: 'Languages',
      devices: 'Devices',
      browsers: 'Browsers',
      os: 'Systems',
      screens: 'Screens',
      events: 'Events',
      tags: 'Tags',
    },
  },
} as const;

