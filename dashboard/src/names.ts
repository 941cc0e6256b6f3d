/** Who and what the ids of the audit are, as far as this reader may see them. */

import { api } from './api/api.ts';
import type { AuditEntry } from './api/types.ts';
import { t } from './messages/settings.ts';
import { session } from './session.svelte.ts';

export type Names = ReadonlyMap<string, string>;

export async function readNames(): Promise<Names> {
  const owned = session.teamsWhere('audit:read');
  const [users, members, sites, teams] = await Promise.all([
    session.may('user:manage') ? api.users.list() : [],
    session.may('user:manage') ? [] : Promise.all(owned.map((team) => api.teams.members(team.id))),
    api.sites.list(),
    api.teams.list(),
  ]);
  return new Map([
    ...users.map((user): [string, string] => [`user ${user.id}`, user.name]),
    ...members.flat().map((member): [string, string] => [`user ${member.user_id}`, member.name]),
    ...sites.map((site): [string, string] => [`site ${site.id}`, site.name]),
    ...teams.map((team): [string, string] => [`team ${team.id}`, team.name]),
  ]);
}

export function actor(entry: AuditEntry, names: Names): string {
  const kind = t.audit.actors[entry.actor_kind as keyof typeof t.audit.actors] ?? entry.actor_kind;
  if (!entry.actor_id) return kind;
  return names.get(`${entry.actor_kind} ${entry.actor_id}`) ?? `${kind} ${entry.actor_id}`;
}

/** What it was done to; nothing where that is the one who did it. */
export function thing(entry: AuditEntry, names: Names): string {
  if (!entry.object_kind || !entry.object_id) return '';
  if (entry.object_kind === entry.actor_kind && entry.object_id === entry.actor_id) return '';
  const named = names.get(`${entry.object_kind} ${entry.object_id}`);
  return named ?? `${t.audit.things[entry.object_kind] ?? entry.object_kind} ${entry.object_id}`;
}
