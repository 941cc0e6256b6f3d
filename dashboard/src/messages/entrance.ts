/** The texts of the pages before one is signed in. */

import { t as shell } from './shell.ts';

export const t = {
  ...shell,

  setup: {
    title: 'Welcome to Sightline',
    text: 'Create the first account. It is an admin and owns the first team.',
    name: 'Your name',
    email: 'E-mail',
    password: 'Password',
    again: 'Password again',
    team: 'Team',
    teamHint: 'Sites belong to a team. You can rename it later.',
    submit: 'Create account',
    noToken: {
      title: 'Open the setup link',
      text: 'This Sightline has no account yet. The server printed a one-time setup link when it started: open it here, and you will be its admin.',
      lost: 'Link lost or expired? Start Sightline again: it prints a new one.',
    },
    taken: { title: 'Sightline is set up already', text: 'A setup link works once. Sign in with the account that was made with it.', signIn: 'Sign in' },
  },

  invitation: {
    title: 'Join the team',
    titleFor: (team: string) => `Join ${team}`,
    text: (role: string) => `You were invited as ${role.toLowerCase()}. Create your account to begin.`,
    signedIn: (name: string) => `You are signed in as ${name} and join with this account.`,
    submit: 'Create account and join',
    join: 'Join team',
    noToken: { title: 'This invitation link is not complete', text: 'Open the whole link, or ask for a new one.' },
  },
} as const;
