/** What can be said about a field before asking the server. */

import { t } from './messages/shell.ts';

export const filled = (value: string): string | undefined => (value.trim() ? undefined : t.forms.required);

export const emailAddress = (value: string): string | undefined =>
  filled(value) ?? (/^\S+@\S+\.\S+$/.test(value.trim()) ? undefined : t.forms.email);

export const repeated = (first: string, second: string): string | undefined =>
  filled(second) ?? (first === second ? undefined : t.forms.different);

/** The lines or comma-separated pieces of a text, without https:// and paths that people paste along. */
export const domainsOf = (text: string): string[] =>
  text
    .split(/[\s,]+/)
    .map((piece) => piece.replace(/^[a-z]+:\/\//i, '').replace(/[/?#].*$/, ''))
    .filter(Boolean);

export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

export const zones = (): string[] => {
  const known = Intl.supportedValuesOf('timeZone');
  return known.includes('UTC') ? known : ['UTC', ...known];
};
