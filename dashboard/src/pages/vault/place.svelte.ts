/** Which team's vault, which part of it and which subject: all in the address. */

import { router } from '../../router.svelte.ts';
import { session } from '../../session.svelte.ts';

class Place {
  teams = $derived(session.teamsWhere('vault:read'));
  team = $derived((this.teams.find((each) => each.id === router.query.get('team')) ?? this.teams[0])?.id ?? '');

  own(name: string): string | null {
    return router.query.get(name);
  }

  /** Change what is named; null takes it out. */
  go(changes: Record<string, string | null>): void {
    const query = new URLSearchParams(router.query);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) query.delete(name);
      else query.set(name, value);
    }
    const text = query.toString();
    router.go(text ? `/vault?${text}` : '/vault', { replace: true, stay: true });
  }
}

export const place = new Place();
