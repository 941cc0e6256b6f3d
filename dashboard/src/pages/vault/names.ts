/** What people call the fields of the vault, and a subject in a line. */

import type { MaskedSubject } from '../../api/schema.ts';
import { t } from '../../messages/vault.ts';

export const CLEAR = ['first_name', 'last_name', 'email', 'phone'];

export function fieldName(name: string): string {
  const words = name.replaceAll('_', ' ');
  return t.vault.names[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** The masked clear values; nothing of what is encrypted. */
export function lineOf(subject: MaskedSubject): string {
  const { first_name = '', last_name = '' } = subject.values;
  const name = `${first_name} ${last_name}`.trim();
  return name || (subject.values.email ?? subject.values.phone ?? t.vault.subjects.nameless);
}

export const short = (id: string): string => id.slice(0, 8);

/** Hand a document to the browser as a download; it is never kept in the page. */
export function download(name: string, document_: unknown): void {
  const address = URL.createObjectURL(new Blob([JSON.stringify(document_, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `${name}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
