/** The names that pages use for what the API answers; everything but /readyz comes from the generated client. */

import type { FreshInvitation, Retention } from './schema.ts';

export type {
  ApiKey,
  Entry as AuditEntry,
  FreshKey,
  Invitation,
  Me,
  Member,
  OwnSignIn as SignIn,
  OwnTeam as MyTeam,
  Permission,
  Role,
  Site,
  Team,
  TeamRole,
  User,
} from './schema.ts';

export type NewInvitation = FreshInvitation & { link: string };
export type RetentionKind = keyof Retention;
export const RETENTION: readonly RetentionKind[] = ['analytics', 'vitals', 'recordings', 'logs', 'errors'];

/** One thing that the server needs. */
export interface Part {
  name: string;
  state: 'up' | 'down';
  detail?: string;
  hint?: string;
}

/** What /readyz answers, with 503 when something required is down. */
export interface Ready {
  status: 'ready' | 'not ready' | 'stopping';
  down: string[];
  version?: string;
  parts: Part[];
}
