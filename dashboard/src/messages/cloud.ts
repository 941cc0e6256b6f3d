/** The texts of Cost and infrastructure. */

import { date, number, plural } from '../format.ts';
import { t as settings } from './settings.ts';

const dollars = (usd: number): string => `$${usd.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

export const t = {
  ...settings,

  cloud: {
    text: 'What runs on AWS: what it costs, its tags, and how it was verified. This server asks AWS nothing; whoever runs “sightline aws” sends the results here.',
    where: (stage: string, region: string) => (region ? `Stage ${stage}, ${region}` : `Stage ${stage}`),
    dollars,
    command: 'Command',
    taken: (when: string) => `Sent ${when}`,
    needsKey: 'It needs SIGHTLINE_CLIENT_KEY: an admin’s API key with cloud:report.',

    cost: {
      title: 'Cost',
      noSpending: 'No bill has been sent yet',
      noSpendingText: 'Cost Explorer is asked once a day: three requests and one for each resource group, $0.01 each. Run this where you are signed in to AWS.',
      spent: 'Spent',
      span: (start: string, end: string) => `${date(start)} to ${date(end)}`,
      forecast: 'To the end of the month',
      noForecast: 'AWS has no forecast yet',
      estimate: 'Estimated a month',
      noEstimate: 'Not sent yet',
      budget: 'Budget a month',
      over: (usd: string) => `${usd} over the budget`,
      under: (usd: string) => `${usd} under the budget`,
      days: 'USD by day and service',
      daysLabel: (count: number, budget: string) => `Cost of ${plural(count, 'day', 'days')}, by service; the line is a thirtieth of the budget: ${budget} a day.`,
      line: (usd: string) => `A thirtieth of the budget: ${usd}`,
      others: 'Others',
      day: 'Day',
      total: 'Total',
      asTable: 'By day, as a table',
      service: 'Service',
      component: 'Component',
      group: 'Resource group',
      usd: 'USD',
      share: 'Share',
      byService: 'By service',
      byComponent: 'By component',
      byComponentText: 'By the tag Component. “(none)” carries no tag.',
      noComponents: 'No resource with a tag has cost anything.',
      byGroup: 'By resource group',
      byGroupText: 'By the tags that the group is made of. One resource may be in several groups.',
      anomalies: 'Anomalies',
      noAnomalies: 'AWS has noticed nothing unusual.',
    },

    estimate: {
      title: 'Where a month goes',
      text: (about: string, read: string) => `${about}. Prices of us-east-1, read ${read}.`,
      none: 'No estimate has been sent yet',
      noneText: 'It reads the templates and a price table, and asks nobody.',
      resource: 'Resource',
      what: 'What',
      quantity: 'Quantity',
      all: (count: number) => `Show all ${number(count)}`,
      fewer: 'Show fewer',
    },

    tags: {
      title: 'Tags',
      none: 'No audit has been sent yet',
      noneText: 'It looks at the tags of every resource of the project. What carries no tag is in no budget.',
      count: (resources: number, gaps: number) =>
        gaps ? `${number(gaps)} of ${plural(resources, 'resource', 'resources')} with a gap` : `${plural(resources, 'resource', 'resources')}, no gap`,
      fine: 'Every resource carries its tags.',
      nothing: 'No resource carries the tag Project=UserMetrics. Was this the right account?',
      resource: 'Resource',
      faults: 'What is wrong',
    },

    verification: {
      title: 'Last verification',
      none: 'Nothing has been verified yet',
      noneText: 'Each criterion of the requirements is held against the account. It reads only.',
      states: { fail: 'Fails', human: 'Needs a human', missing: 'Not built', pass: 'Passes' },
      tab: (name: string, count: number) => `${name} · ${number(count)}`,
      tabs: 'State',
      criterion: 'Criterion',
      how: 'How',
      evidence: 'Evidence',
      noRows: 'No criterion is in this state.',
      all: (count: number) => `Show all ${number(count)}`,
    },
  },
};
