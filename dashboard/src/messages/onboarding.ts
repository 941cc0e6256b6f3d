/** The texts of the first run. */

import { t as home } from './home.ts';

export const t = {
  ...home,

  start: {
    title: 'Watch a site',
    text: 'Four steps, about a minute.',
    steps: { site: 'Site', snippet: 'Snippet', wait: 'First event', privacy: 'Privacy' },
    stepsLabel: 'Steps',
    done: 'done',
    current: 'current step',
    next: 'Continue',
    back: 'Back',
    skip: 'Do this later',

    site: {
      title: 'Which site?',
      text: 'One web application that you want to understand.',
      name: 'Name',
      domain: 'Domain',
      domainHint: 'Without https://. Hits from other hosts are kept out. Left empty, every host is taken.',
      zone: 'Time zone',
      add: 'Add site',
    },

    snippet: {
      title: 'Put the snippet into your pages',
      text: 'Choose what the site is made with. Publish it, then continue.',
      published: 'It is published',
    },

    wait: {
      waiting: 'Waiting for first event…',
      text: 'Open a page of the site in another tab. This turns green by itself.',
      arrived: 'It works',
      arrivedText: 'The first hit has arrived:',
      page: 'Page',
      host: 'Host',
      when: 'When',
      visit: 'Visit',
      long: 'Nothing has come yet. Let Sightline look at a page of the site and say what is wrong.',
      url: 'Address of a page',
      urlHint: 'It is fetched once, by the server, without cookies.',
      check: 'Check the page',
      checking: 'Looking at the page…',
      open: 'Open the page',
      faults: {
        unreachable: { title: 'The page cannot be reached.', hint: 'Is it published, and reachable from where Sightline runs?' },
        status: { title: 'The page answers with an error.', hint: 'Name a page that exists.' },
        no_page: { title: 'There is no HTML at this address.', hint: 'Name a page that people open in a browser.' },
        absent: {
          title: 'The snippet is not in this page.',
          hint: 'Is the change published, and no older copy in a cache? If the tracker is part of your own bundle, the HTML does not show it: open the page and look for requests to Sightline.',
        },
        other_site: { title: 'The page has the snippet of another site.', hint: 'Its key has to be this site’s:' },
        wrong_host: { title: 'The snippet leads to another host or path.', hint: 'Copy the snippet anew: its address is where this Sightline listens.' },
        csp_script: {
          title: 'The page’s content security policy does not allow the script.',
          hint: 'Add the host of the snippet to script-src. The policy allows now:',
        },
        csp_connect: {
          title: 'The page’s content security policy does not allow it to send.',
          hint: 'Add the host of the snippet to connect-src. The policy allows now:',
        },
        site_off: { title: 'This site collects nothing.', hint: 'Change it in the site’s settings, under What is collected.' },
        consent: { title: 'The page is right; it waits for consent.', hint: 'Visitors are asked first here: agree on the page, and it counts.' },
        kept_out_hostname: { title: 'Hits arrive from a host that is none of the site’s.', hint: 'Add it to the site’s domains, or it stays kept out:' },
        kept_out_own_address: { title: 'Your own address is not counted here.', hint: 'Try it from another network, or look at Kept out under Jobs and health.' },
        kept_out_headless: { title: 'Hits arrive from a browser without a screen.', hint: 'Open the page in your own browser.' },
        kept_out_bot: { title: 'Hits arrive from a robot only.', hint: 'Open the page in your own browser.' },
        kept_out_data_centre: { title: 'Hits arrive from a data centre only.', hint: 'A proxy or VPN may be in between.' },
        kept_out_no_agent: { title: 'Hits arrive without the name of a browser.', hint: 'Something on the way may take it away.' },
        kept_out_spam: { title: 'Hits arrive from a known sender of spam.', hint: 'Open the page yourself.' },
      } as Record<string, { title: string; hint: string }>,
      fine: { title: 'The page is right.', hint: 'The snippet is there and may work. Open the page in a browser without a blocker; Do Not Track keeps a visit away, too.' },
    },

    privacy: {
      title: 'What may be collected?',
      text: 'Until you answer nothing is recorded. What people type is masked in the page, before anything is sent; the rules in force decide what else is.',
      masking: 'Masking',
      maskingText: 'Inputs, personal names, addresses, numbers and tokens are replaced in the page and again on the server. Rules can only be tightened by a site.',
      retention: 'Keep recordings for',
      retentionHint: 'Days. Everything else has its own time in the site’s settings.',
      finishOn: 'Record visits',
      finishOff: 'Do not record',
      endsOn: 'All visits that may be recorded are recorded from now on.',
      endsOff: 'Nothing is recorded. You can change it in the site’s settings.',
    },

    card: {
      title: 'First steps',
      dismiss: 'Hide the first steps',
      items: {
        site: 'Add a site',
        event: 'See the first event',
        privacy: 'Say what may be collected',
        goal: 'Look at a goal',
        invite: 'Invite somebody',
        maps: 'Upload source maps',
      },
      doneOf: (done: number, all: number) => `${done} of ${all}`,
    },

    demo: {
      title: 'Explore demo data',
      text: 'An example shop with made-up visitors, so that every page has something to show. It is a site of its own, and goes with one click.',
      add: 'Explore demo data',
      adding: 'Visits are being made up…',
      added: 'The demo is there.',
      badge: 'Demo',
      open: 'Open the demo',
      shop: 'Open the example shop',
      remove: 'Remove demo data',
      removeTitle: 'Remove the demo?',
      removeText: 'The site of the example shop goes with everything on it, and does not come back.',
      removed: 'The demo was removed.',
    },
  },
};
