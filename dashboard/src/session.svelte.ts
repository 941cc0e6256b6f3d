/** Who is signed in, and what they may do. */

import { api } from './api/api.ts';
import { ApiError, words, type Problem } from './api/errors.ts';
import { connection } from './api/request.ts';
import type { Me, MyTeam, Permission } from './api/types.ts';
import { t } from './messages/shell.ts';
import { inside, router } from './router.svelte.ts';
import { sites } from './sites.svelte.ts';
import { toasts } from './toasts.svelte.ts';

export type SessionState = 'starting' | 'signed-in' | 'signed-out' | 'needs-setup' | 'unreachable';

class Session {
  state = $state<SessionState>('starting');
  me = $state.raw<Me | null>(null);
  problem = $state<Problem | null>(null);

  constructor() {
    connection.onSignedOut = () => {
      if (this.state !== 'signed-in') return;
      this.#forget('signed-out');
      toasts.failed(t.signIn.expired);
    };
  }

  /** Ask the server who this is; on a fresh server, whether it still waits for its first admin. */
  async start(): Promise<void> {
    try {
      this.#remember(await api.me.get());
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) await this.#startSignedOut();
      else this.#fail(error);
    }
  }

  async signIn(login: string, password: string): Promise<void> {
    this.arrive(await api.signIn(login, password));
  }

  /** After signing in or setting up: go where they wanted to go. */
  arrive(me: Me): void {
    const wanted = inside(router.query.get('next'));
    this.#remember(me);
    router.go(wanted, { replace: true });
  }

  /** Read anew what changes with a new site or team: also which sites there are. */
  async refresh(): Promise<void> {
    this.#remember(await api.me.get());
    await sites.again();
  }

  async signOut(): Promise<void> {
    await api.signOut();
    this.#forget('signed-out');
    router.go('/sign-in');
  }

  /** Whether this user may do it at all, or in the given team. */
  may(permission: Permission, team?: string): boolean {
    if (!this.me) return false;
    if (team === undefined) return this.me.permissions.includes(permission);
    return this.team(team)?.permissions.includes(permission) ?? this.me.user.role === 'admin';
  }

  /** In the instance, or in at least one team: whether there is any use in showing the page. */
  mayAnywhere(permission: Permission): boolean {
    return this.may(permission) || this.teamsWhere(permission).length > 0;
  }

  /** The teams in which this user may do it. */
  teamsWhere(permission: Permission): MyTeam[] {
    return this.me?.teams.filter((team) => team.permissions.includes(permission)) ?? [];
  }

  /** In a team of theirs; or they are in none, and the server makes one with their first site. */
  mayCreateSites(): boolean {
    return this.me?.teams.length ? this.teamsWhere('site:create').length > 0 : this.may('site:create');
  }

  team(id: string): MyTeam | undefined {
    return this.me?.teams.find((team) => team.id === id);
  }

  async #startSignedOut(): Promise<void> {
    try {
      const { needed } = await api.setup.state();
      this.#forget(needed ? 'needs-setup' : 'signed-out');
    } catch (error) {
      this.#fail(error);
    }
  }

  #remember(me: Me): void {
    this.me = me;
    connection.csrf = me.csrf_token ?? '';
    this.state = 'signed-in';
    this.problem = null;
    if (!sites.value && !sites.busy) void sites.again();
  }

  #forget(state: SessionState): void {
    this.me = null;
    sites.forget();
    connection.csrf = '';
    this.state = state;
    this.problem = null;
  }

  #fail(error: unknown): void {
    this.problem = words(error);
    this.state = 'unreachable';
  }
}

export const session = new Session();
