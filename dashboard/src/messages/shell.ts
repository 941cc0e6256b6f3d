/** The texts that every page needs. An area of pages has a file of its own beside this one, which comes with its first page. */

import { plural } from '../format.ts';

export const t = {
  product: 'Sightline',

  shell: {
    skip: 'Skip to content',
    navigation: 'Main',
    home: 'Home',
    vault: 'Vault',
    settings: 'Settings',
    account: 'Your account',
    signOut: 'Sign out',
    menu: 'Open menu',
    closeMenu: 'Close menu',
    loading: 'Loading',
    offline: 'You are offline. What you see may be old; changes will fail until the connection is back.',
  },

  pages: {
    unreachable: 'Not reachable',
    signIn: 'Sign in',
    setup: 'Set up',
    invitation: 'Invitation',
    home: 'Home',
    vault: 'Vault',
    sites: 'Sites',
    site: 'Site settings',
    start: 'First steps',
    profile: 'Profile',
    people: 'People',
    keys: 'API keys',
    audit: 'Audit',
    cloud: 'Cost and infrastructure',
    sharedRecording: 'Shared recording',
  },

  /** The pages of a site, as the navigation names them. */
  nav: {
    site: 'Site',
    switch: 'Switch site',
    allSites: 'All sites',
    sections: { traffic: 'Traffic', behaviour: 'Behaviour', growth: 'Growth', experience: 'Experience', backend: 'Backend', manage: 'Manage' },
    overview: 'Overview',
    realtime: 'Realtime',
    compare: 'Compare',
    events: 'Events',
    funnels: 'Funnels',
    retention: 'Retention',
    journeys: 'Journeys',
    goals: 'Goals',
    campaigns: 'Campaigns',
    revenue: 'Revenue',
    links: 'Links and pixels',
    visits: 'Visits',
    session: 'Replay',
    vitals: 'Web Vitals',
    errors: 'Errors',
    issue: 'Error',
    boards: 'Boards',
    privacy: 'Privacy',
    shares: 'Shared links',
    health: 'Jobs and health',
    logs: 'Logs',
    functions: 'Functions',
    function: 'Function',
    shared: 'Shared report',
  },

  /** The keys that work on every page; pages add theirs. */
  keys: {
    title: 'Keyboard shortcuts',
    open: 'Show keyboard shortcuts',
    hint: 'Press ? at any time to see this list.',
    groups: { everywhere: 'Everywhere', time: 'Time', page: 'This page' },
    help: 'This list',
    site: 'Switch to the first, second … site',
  },

  density: { label: 'Density', normal: 'Comfortable', compact: 'Compact' },

  settings: {
    title: 'Settings',
    tabs: { profile: 'Profile', sites: 'Sites', people: 'People', keys: 'API keys', audit: 'Audit', cloud: 'Cost' },
  },

  theme: { label: 'Colours', system: 'As the system', light: 'Light', dark: 'Dark' },

  forms: {
    optional: '(optional)',
    save: 'Save',
    saved: 'Saved.',
    cancel: 'Cancel',
    close: 'Close',
    done: 'Done',
    tryAgain: 'Try again',
    required: 'Fill this in.',
    email: 'Write it as name@example.com.',
    different: 'The two passwords are not the same.',
    typeToConfirm: (name: string) => `Type ${name} to confirm`,
    typeExactly: (name: string) => `Type it exactly: ${name}`,
    edit: (name: string) => `Edit ${name}`,
    remove: (name: string) => `Remove ${name}`,
  },

  copy: { copy: 'Copy', done: 'Copied', byHand: 'This browser does not let pages copy here. The text is selected: press Ctrl+C or ⌘C.' },

  password: {
    show: 'Show password',
    hide: 'Hide password',
    hint: 'Four unrelated words make a good one.',
    levels: ['', 'Weak.', 'Fair.', 'Good.', 'Strong.'],
    advice: {
      longer: 'Make it longer.',
      repeats: 'It repeats itself.',
      personal: 'It contains your name or e-mail address.',
      common: 'It is among those that are tried first.',
    },
  },

  errors: {
    broken: 'The dashboard failed here.',
    brokenHint: 'Reload the page. If it comes back, the server’s log says more.',
    unknown: 'The server did not do this.',
    requestId: 'Request',
    told: 'Not shown. What is wrong stands above.',
    wait: (seconds: number) =>
      seconds < 90 ? `Try again in ${plural(seconds, 'second', 'seconds')}.` : `Try again in ${plural(Math.ceil(seconds / 60), 'minute', 'minutes')}.`,
    byCode: {
      offline: {
        title: 'Sightline does not answer.',
        hint: 'Check your connection, and that the server runs: sightline doctor says what is wrong.',
      },
      timeout: { title: 'Sightline takes too long to answer.', hint: 'Try again. If it stays slow, sightline doctor says why.' },
      not_allowed: { title: 'Your role does not allow this.', hint: 'An owner of the team, or an admin, can change your role.' },
      database_unavailable: { title: 'The database does not answer.', hint: 'Nothing is lost. Try again in a moment.' },
    },
  },

  crash: {
    title: 'This page failed to load.',
    text: 'A newer version of Sightline may have been installed meanwhile.',
    reload: 'Reload',
  },

  notFound: {
    title: 'There is no such page',
    text: 'The address may be mistyped, or what was here is gone.',
    home: 'Go to Home',
  },


  signIn: {
    title: 'Sign in',
    email: 'E-mail or user name',
    password: 'Password',
    submit: 'Sign in',
    expired: 'Your sign-in has ended. Sign in again.',
    forgotten: 'Password forgotten? An admin can set a new one.',
  },

  roles: { admin: 'Admin', member: 'Member', viewer: 'Viewer', owner: 'Owner', manager: 'Manager' },
} as const;
