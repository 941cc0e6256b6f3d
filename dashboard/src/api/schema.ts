/** Made from openapi.json by scripts/generate-client.mjs: change the server, not this file. */

/** What was done. */
export type Action = 'setup' | 'sign_in' | 'sign_out' | 'sign_in.end' | 'password.change' | 'user.create' | 'user.change' | 'user.role' | 'user.disable' | 'user.enable' | 'user.remove' | 'team.create' | 'team.change' | 'team.remove' | 'member.add' | 'member.role' | 'member.remove' | 'invitation.create' | 'invitation.revoke' | 'invitation.accept' | 'site.create' | 'site.change' | 'site.retention' | 'site.privacy' | 'site.remove' | 'quarantine.release' | 'quarantine.reclassify' | 'key.create' | 'key.revoke' | 'rules.activate' | 'remask';

/** What came of it, or would: `number` is null after a dry run and where nothing is new. */
export interface Activated {
  before: number;
  changes: (Record<string, unknown>)[];
  hash: string;
  is_new: boolean;
  /** What is hidden less than before. */
  loosened: string[];
  number: number | null;
  /** Sites whose own rules were laid over the new ones. */
  sites: string[];
}

/** A page of events, the latest first. */
export interface Activity {
  next: string | null;
  period: Span;
  rows: ActivityRow[];
}

/** One event. */
export interface ActivityRow {
  created_ms: number;
  engagement_ms: number;
  event: string;
  hostname: string;
  path: string;
  properties: string;
  referrer: string;
  tag: string;
  title: string;
  type: string;
  visit: string;
  visitor: string;
}

/** A key; `prefix` is how it begins. Null teams and sites are all of the user's. */
export interface ApiKey {
  created_at: string;
  expires_at: string;
  id: string;
  last_used_at: string | null;
  name: string;
  permissions: Permission[];
  prefix: string;
  site_ids: string[] | null;
  team_id: string | null;
}

/** The sources, the strongest first. */
export interface Attribution {
  by: string;
  model: Model;
  period: Span;
  rows: AttributionRow[];
}

/** One source: its part of the conversions, and how many converted visitors it touched. */
export interface AttributionRow {
  conversions: number;
  value: string;
  visitors: number;
}

/** One row for each combination of values; `more` tells whether there are further ones. */
export interface Breakdown {
  by: string[];
  more: boolean;
  period: Span;
  rows: (Record<string, string | number | null>)[];
}

/** A value of a parameter. */
export interface CampaignRow {
  parameter: Dimension;
  value: string;
  views: number;
  visitors: number;
  visits: number;
}

/** The parameters' values. */
export interface Campaigns {
  period: Span;
  rows: CampaignRow[];
}

/** Which: some by their ids, or all of a reason, perhaps only those with one detail. */
export interface Choice {
  detail?: string | null;
  ids?: string[] | null;
  reason?: Reason | null;
}

/** What a period is compared with. */
export type Compare = 'none' | 'previous' | 'year';

/** Filters; with `did`, a cohort: the visitors who did that in the range. */
export interface Definition {
  did?: string | null;
  end?: string | null;
  filter?: string[];
  match?: Match;
  range?: string;
  start?: string | null;
}

/** What events are told apart by; each is a text, empty where it is absent. */
export type Dimension = 'path' | 'entry' | 'exit' | 'hostname' | 'query' | 'title' | 'referrer' | 'referrer_path' | 'channel' | 'utm_source' | 'utm_medium' | 'utm_campaign' | 'utm_content' | 'utm_term' | 'click' | 'event' | 'tag' | 'browser' | 'os' | 'device' | 'screen' | 'language' | 'country' | 'region' | 'city' | 'currency';

/** How many events it was. */
export interface Done {
  events: number;
}

/** Who did what to what, when, and what came of it. Ids only: the audit holds nothing that identifies a person. */
export interface Entry {
  action: string;
  actor_id: string | null;
  actor_kind: string;
  at: string;
  details: Record<string, unknown>;
  id: string;
  object_id: string | null;
  object_kind: string | null;
  request_id: string | null;
  result: string;
  team_id: string | null;
}

/** Who sets it up; `team` is left out by a person alone. */
export interface FirstAdmin {
  email: string;
  name: string;
  password: string;
  team?: string | null;
  /** From the setup link that the first start prints. */
  token: string;
}

/** How an answer is written. */
export type Format = 'json' | 'csv' | 'parquet' | 'arrow';

/** A new one: its token is shown here and never again. A page's address carries it behind the #. */
export interface FreshInvitation {
  created_at: string;
  expires_at: string;
  id: string;
  role: TeamRole;
  token: string;
}

/** A new key: `token` is the key itself, shown here and never again. */
export interface FreshKey {
  key: ApiKey;
  token: string;
}

/** The steps. */
export interface Funnel {
  period: Span;
  rows: FunnelRow[];
}

/** One step: who reached it, who did not although they reached the one before, and the parts of both. */
export interface FunnelRow {
  dropped: number;
  of_first: number | null;
  of_previous: number | null;
  step: string;
  visitors: number;
}

/** One goal: who reached it, in how many visits, how often, and their part of all visitors. */
export interface GoalRow {
  events: number;
  goal: string;
  rate: number | null;
  visitors: number;
  visits: number;
}

/** The goals, and how many visitors there were at all. */
export interface Goals {
  period: Span;
  rows: GoalRow[];
  visitors: number;
}

/** How much was kept out for one reason and detail. */
export interface Group {
  detail: string;
  first_ms: number;
  hits: number;
  last_ms: number;
  reason: string;
  visitors: number;
}

/** An invitation that can still be accepted. */
export interface Invitation {
  created_at: string;
  expires_at: string;
  id: string;
  role: TeamRole;
}

/** What a link is for. */
export interface Invited {
  expires_at: string;
  role: TeamRole;
  team: string;
}

/** A job and its last run; `progress` is there while it runs and tells. */
export interface JobState {
  failures: number;
  failures_in_row: number;
  last_duration_ms: number | null;
  last_finished_at: string | null;
  last_message: string;
  /** ok, failed or interrupted. */
  last_result: string | null;
  last_started_at: string | null;
  name: string;
  next_run_at: string | null;
  progress: number | null;
  requested_at: string | null;
  runs: number;
}

/** The team that one is in now. */
export interface Joined {
  team_id: string;
}

/** One way, and how many visits took it. */
export interface JourneyRow {
  steps: string[];
  visits: number;
}

/** The ways that most visits took. */
export interface Journeys {
  period: Span;
  rows: JourneyRow[];
}

/** An event that was kept out; `detail` is what gave it away, `event` what would have been stored. */
export interface Kept {
  detail: string;
  event: Record<string, unknown>;
  id: string;
  reason: string;
  received_ms: number;
}

/** A link (`/q/{slug}` sends on to `url`) or a pixel (`/p/{slug}` is a picture). */
export interface Link {
  created_at: string;
  id: string;
  kind: LinkKind;
  name: string;
  slug: string;
  url: string;
  uuid: string;
}

/** What an address of ours does. */
export type LinkKind = 'link' | 'pixel';

/** Whether all conditions have to hold, or any of them. */
export type Match = 'all' | 'any';

/** Who asks. `permissions` are those of the whole instance; `csrf_token` is null for an API key. */
export interface Me {
  csrf_token: string | null;
  permissions: Permission[];
  teams: OwnTeam[];
  user: Own;
}

/** A user in a team. */
export interface Member {
  created_at: string;
  login: string;
  name: string;
  role: TeamRole;
  user_id: string;
  user_uuid: string;
}

/** Another role. */
export interface MemberRole {
  role: TeamRole;
}

/** What is counted. */
export type Metric = 'visitors' | 'visits' | 'views' | 'events' | 'bounces' | 'bounce_rate' | 'total_duration_ms' | 'duration_s' | 'views_per_visit' | 'engagement_ms' | 'engagement_s';

/** One metric; `change` is the part by which it grew, null where there was nothing before. */
export interface MetricRow {
  before?: number | null;
  change?: number | null;
  metric: Metric;
  value: number | null;
}

/** Which visits share a conversion. */
export type Model = 'first' | 'last' | 'linear';

/** As what somebody is invited, and for how long. */
export interface NewInvitation {
  expires_in_days?: number;
  role?: TeamRole;
}

/** What a key shall allow, where, and for how long. */
export interface NewKey {
  expires_in_days?: number;
  name: string;
  permissions: Permission[];
  sites?: string[] | null;
  team?: string | null;
}

/** What a new one needs to be told; without `slug` it gets a random one, and a pixel has no `url`. */
export interface NewLink {
  kind: LinkKind;
  name: string;
  slug?: string;
  url?: string;
}

/** Who joins, and as what. */
export interface NewMember {
  role: TeamRole;
  /** An id or a UUID. */
  user: string;
}

/** A dictionary as TOML; empty for what lies below as it is. */
export interface NewRules {
  dry_run?: boolean;
  /** Why, for the history. */
  note?: string;
  /** Who answers for what may be seen from now on. */
  sign_off?: string;
  site?: string | null;
  source: string;
}

/** What is saved. */
export interface NewSegment {
  definition: Definition;
  name: string;
}

/** What a new site needs to be told; `team` may be left out by who has only one, or none yet. */
export interface NewSite {
  /** Host names; `*.` in front stands for all below. */
  domains?: string[];
  name: string;
  team?: string | null;
  /** Of the IANA list, as Europe/Zurich. */
  time_zone?: string;
}

/** Who shall be created, with a password to change; one of e-mail address and user name has to be given. */
export interface NewUser {
  email?: string | null;
  name: string;
  password: string;
  role?: Role;
  username?: string | null;
}

/** Somebody without an account who holds a link. */
export interface Newcomer {
  email: string;
  name: string;
  password: string;
  token: string;
}

/** Statistics of the values that are numbers; null where none is. */
export interface Numbers {
  average: number | null;
  count: number;
  least: number | null;
  most: number | null;
  sum: number | null;
}

/** The metrics of a period. */
export interface Overview {
  compared: Span | null;
  period: Span;
  rows: MetricRow[];
}

/** The caller's account. */
export interface Own {
  created_at: string;
  email: string | null;
  id: string;
  locale: string;
  name: string;
  role: Role;
  time_zone: string;
  username: string | null;
  uuid: string;
}

/** What shall change. */
export interface OwnChange {
  email?: string | null;
  locale?: string | null;
  name?: string | null;
  time_zone?: string | null;
}

/** One place where the caller is signed in. */
export interface OwnSignIn {
  agent: string;
  created_at: string;
  current: boolean;
  expires_at: string;
  id: string;
  last_used_at: string;
}

/** A team that the caller is in, and what they may do there. */
export interface OwnTeam {
  id: string;
  name: string;
  permissions: Permission[];
  personal: boolean;
  role: TeamRole;
  slug: string;
  uuid: string;
}

export interface PageApiKey {
  items: ApiKey[];
  next: string | null;
}

export interface PageEntry {
  items: Entry[];
  next: string | null;
}

export interface PageGroup {
  items: Group[];
  next: string | null;
}

export interface PageInvitation {
  items: Invitation[];
  next: string | null;
}

export interface PageJobState {
  items: JobState[];
  next: string | null;
}

export interface PageKept {
  items: Kept[];
  next: string | null;
}

export interface PageLink {
  items: Link[];
  next: string | null;
}

export interface PageMember {
  items: Member[];
  next: string | null;
}

export interface PageOwnSignIn {
  items: OwnSignIn[];
  next: string | null;
}

export interface PageRulesVersion {
  items: RulesVersion[];
  next: string | null;
}

export interface PageSalt {
  items: Salt[];
  next: string | null;
}

export interface PageSegment {
  items: Segment[];
  next: string | null;
}

export interface PageSite {
  items: Site[];
  next: string | null;
}

export interface PageTeam {
  items: Team[];
  next: string | null;
}

export interface PageUser {
  items: User[];
  next: string | null;
}

/** A new password. */
export interface Password {
  password: string;
}

/** The old password proves that it is not just somebody at an open screen. */
export interface PasswordChange {
  new_password: string;
  old_password: string;
}

/** One thing that may be allowed; its value is what an API key names. */
export type Permission = 'self:read' | 'self:change' | 'key:manage' | 'user:manage' | 'team:create' | 'job:read' | 'job:run' | 'privacy:read' | 'privacy:manage' | 'team:read' | 'team:change' | 'team:delete' | 'member:manage' | 'owner:manage' | 'audit:read' | 'site:create' | 'site:read' | 'site:change' | 'site:delete' | 'site:retention' | 'site:quarantine' | 'site:send' | 'site:privacy';

/** The most that is collected, whether visitors are asked first, and for how long one is recognised. */
export interface Privacy {
  consent_asked: boolean;
  consent_mode: 'none' | 'analytics' | 'replay';
  honour_signals: boolean;
  salt_period: 'day' | 'month';
}

/** What shall change; what is left out stays as it is. */
export interface PrivacyChange {
  /** Collect nothing until the visitor agreed. */
  consent_asked?: boolean | null;
  /** The most that is collected: nothing, analytics, or recordings too. */
  consent_mode?: 'none' | 'analytics' | 'replay' | null;
  /** Collect nothing from browsers that send Do Not Track or Global Privacy Control. */
  honour_signals?: boolean | null;
  /** A visitor is recognised within one day (UTC), or one month. */
  salt_period?: 'day' | 'month' | null;
}

/** The properties; `complete` is false where there are too many different ones to look at all. */
export interface Properties {
  complete: boolean;
  period: Span;
  rows: PropertyRow[];
}

/** A property of a custom event, and in how many events it stands with values of a type. */
export interface PropertyRow {
  event: string;
  events: number;
  key: string;
  type: PropertyType;
}

/** What a property's value is. */
export type PropertyType = 'text' | 'number' | 'boolean' | 'date' | 'list';

/** The values of a property. */
export interface PropertyValues {
  key: string;
  numbers: Numbers;
  period: Span;
  rows: ValueRow[];
}

/** Now: visitors of the last five minutes, all else of the last thirty. `rows` are the latest events. */
export interface Realtime {
  active: number;
  countries: (Record<string, string | number | null>)[];
  events: number;
  minutes: (Record<string, string | number | null>)[];
  pages: (Record<string, string | number | null>)[];
  referrers: (Record<string, string | number | null>)[];
  rows: ActivityRow[];
  views: number;
  visitors: number;
}

/** Why a hit was dropped. The value stands in the answer's header, the counter and the quarantine. */
export type Reason = 'site_off' | 'consent' | 'gpc' | 'dnt' | 'vitals' | 'rate' | 'own_address' | 'no_agent' | 'headless' | 'bot' | 'data_centre' | 'hostname' | 'spam';

/** Which, and the reason that they shall stand under. */
export interface Reclassification {
  detail?: string | null;
  ids?: string[] | null;
  reason?: Reason | null;
  to: Reason;
}

/** What came of it. */
export type Result = 'ok' | 'refused' | 'throttled';

/** How many days each kind of data is kept. */
export interface Retention {
  analytics: number;
  errors: number;
  logs: number;
  recordings: number;
  vitals: number;
}

/** Days per kind; what is left out stays as it is. */
export interface RetentionChange {
  analytics?: number | null;
  errors?: number | null;
  logs?: number | null;
  recordings?: number | null;
  vitals?: number | null;
}

/** Of `size` newcomers of a bucket, how many were there `after` that many buckets. */
export interface RetentionRow {
  after: number;
  begins: string;
  begins_ms: number;
  rate: number;
  size: number;
  visitors: number;
}

/** The cohorts of newcomers, the earliest first. */
export interface RetentionTable {
  period: Span;
  rows: RetentionRow[];
  unit: Unit;
}

/** Revenue of a period. */
export interface Revenue {
  period: Span;
  rows: RevenueRow[];
}

/** Money of one currency: how much, in how many orders, of how many buyers, and what that is for each. */
export interface RevenueRow {
  begins: string | null;
  buyers: number;
  currency: string;
  orders: number;
  per_buyer: number;
  per_order: number;
  revenue: number;
  value: string | null;
}

/** A user's role in the whole instance. */
export type Role = 'admin' | 'member' | 'viewer';

/** A version with what it says. */
export interface Rules {
  document: Record<string, unknown>;
  hash: string;
  number: number;
}

/** A state of the dictionary that is or was in force; `site_id` is null where it is the instance's. */
export interface RulesVersion {
  activated_at: string;
  /** The id of the user. */
  activated_by: string | null;
  /** The version of the instance that a site's lies over. */
  base: number | null;
  hash: string;
  is_active: boolean;
  name: string;
  note: string;
  number: number;
  site_id: string | null;
}

/** A secret from which pseudonyms of one period are made, or were: the secret itself is never shown. */
export interface Salt {
  created_at: string;
  destroyed_at: string | null;
  ends_at: string;
  exists: boolean;
  period: string;
  starts_at: string;
}

/** A segment, or a cohort where `did` is set. */
export interface Segment {
  changed_at: string;
  created_at: string;
  definition: Definition;
  id: string;
  name: string;
}

/** One row for each bucket, with its beginning in the zone and the metrics. */
export interface Series {
  before: (Record<string, string | number | null>)[];
  compared: Span | null;
  period: Span;
  rows: (Record<string, string | number | null>)[];
  unit: Unit;
}

/** Whether somebody still has to set this instance up. */
export interface SetupState {
  needed: boolean;
}

/** Who wants to sign in. */
export interface SignIn {
  /** An e-mail address or a user name. */
  login: string;
  password: string;
}

/** A watched web application. `public_key` stands in web pages and opens nothing. */
export interface Site {
  created_at: string;
  created_by: string | null;
  domains: string[];
  id: string;
  name: string;
  privacy: Privacy;
  public_key: string;
  reset_at: string | null;
  retention: Retention;
  team_id: string;
  time_zone: string;
  uuid: string;
}

/** What shall change. */
export interface SiteChange {
  domains?: string[] | null;
  name?: string | null;
  time_zone?: string | null;
}

/** A period of an answer. */
export interface Span {
  from_ms: number;
  to_ms: number;
  zone: string;
}

/** The owner of sites. */
export interface Team {
  created_at: string;
  id: string;
  members: number;
  name: string;
  personal: boolean;
  sites: number;
  slug: string;
  uuid: string;
}

/** What a team is called. */
export interface TeamName {
  name: string;
}

/** A user's role in one team, the strongest first. */
export type TeamRole = 'owner' | 'manager' | 'member' | 'viewer';

/** What it was done to. */
export type Thing = 'user' | 'team' | 'site' | 'key' | 'sign_in' | 'invitation' | 'rules';

/** What the link carries. */
export interface Token {
  token: string;
}

/** How wide a bucket is, on the clock and calendar of the zone. */
export type Unit = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

/** An account. */
export interface User {
  created_at: string;
  disabled: boolean;
  email: string | null;
  id: string;
  locale: string;
  name: string;
  role: Role;
  time_zone: string;
  username: string | null;
  uuid: string;
}

/** What shall change. */
export interface UserChange {
  disabled?: boolean | null;
  email?: string | null;
  name?: string | null;
  role?: Role | null;
}

/** A value of a property, and how often it stands. */
export interface ValueRow {
  events: number;
  type: PropertyType;
  value: string;
  visitors: number;
}

/** One visit, with what its first event said of visitor and origin. Ids are texts. */
export interface VisitRow {
  browser: string;
  channel: string;
  city: string;
  country: string;
  device: string;
  engagement_ms: number;
  entry: string;
  events: number;
  exit: string;
  first_ms: number;
  language: string;
  last_ms: number;
  os: string;
  referrer: string;
  region: string;
  screen: string;
  views: number;
  visit: string;
  visitor: string;
}

/** When a visitor came first and last, what they did, and their latest visits within the range. */
export interface Visitor {
  engagement_ms: number;
  events: number;
  first_ms: number;
  last_ms: number;
  rows: VisitRow[];
  views: number;
  visitor: string;
  visits: number;
}

/** A page of visits; `next` is the cursor of the following one, null at the end. */
export interface Visits {
  next: string | null;
  period: Span;
  rows: VisitRow[];
}

/** One row for each hour: `weekday` is 0 on Monday. */
export interface Weekly {
  period: Span;
  rows: (Record<string, number | null>)[];
}

export interface Operations {
  /** List one's keys. */
  'GET /api/v1/api-keys': {
    path: undefined;
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageApiKey;
  };
  /** Make a key. It never allows more than its user may do at the moment it is used. */
  'POST /api/v1/api-keys': {
    path: undefined;
    query: undefined;
    body: NewKey;
    answer: FreshKey;
  };
  /** Revoke one of one's keys at once; an admin revokes anybody's. */
  'DELETE /api/v1/api-keys/{key}': {
    path: { key: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Read the audit, the latest first: an owner that of their teams, an admin all of it. */
  'GET /api/v1/audit': {
    path: undefined;
    query: { team?: string | null; limit?: number; cursor?: string | null; action?: Action | null; result?: Result | null; actor?: string | null; object_kind?: Thing | null; object_id?: string | null; since?: string | null; until?: string | null };
    body: undefined;
    answer: PageEntry;
  };
  /** Join with the account that one is signed in with. */
  'POST /api/v1/invitations/accept': {
    path: undefined;
    query: undefined;
    body: Token;
    answer: Joined;
  };
  /** Say what a link is for. */
  'POST /api/v1/invitations/look': {
    path: undefined;
    query: undefined;
    body: Token;
    answer: Invited;
  };
  /** Create an account, join, and sign in. */
  'POST /api/v1/invitations/register': {
    path: undefined;
    query: undefined;
    body: Newcomer;
    answer: Me;
  };
  /** Return every job; there are few, so there is one page. */
  'GET /api/v1/jobs': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: PageJobState;
  };
  /** Ask the process that leads to run a job now. */
  'POST /api/v1/jobs/{name}/run': {
    path: { name: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Who asks, their teams, what they may do, and the CSRF token of this sign-in. */
  'GET /api/v1/me': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Me;
  };
  /** Change name, address, language or time zone. */
  'PATCH /api/v1/me': {
    path: undefined;
    query: undefined;
    body: OwnChange;
    answer: Own;
  };
  /** Change the password; every other sign-in ends. */
  'PUT /api/v1/me/password': {
    path: undefined;
    query: undefined;
    body: PasswordChange;
    answer: undefined;
  };
  /** Where one is signed in. */
  'GET /api/v1/me/sign-ins': {
    path: undefined;
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageOwnSignIn;
  };
  /** End one of one's sign-ins. */
  'DELETE /api/v1/me/sign-ins/{sign_in}': {
    path: { sign_in: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Leave a team; its last owner cannot. */
  'DELETE /api/v1/me/teams/{team}': {
    path: { team: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** List the rules versions, the latest first; there are few, so there is one page. */
  'GET /api/v1/privacy/rules': {
    path: undefined;
    query: { site?: string | null };
    body: undefined;
    answer: PageRulesVersion;
  };
  /** Put a dictionary into force, for the instance or one site. It may only tighten what lies below it. */
  'POST /api/v1/privacy/rules/activate': {
    path: undefined;
    query: undefined;
    body: NewRules;
    answer: Activated;
  };
  /** One rules version with everything that it says. */
  'GET /api/v1/privacy/rules/{number}': {
    path: { number: string };
    query: undefined;
    body: undefined;
    answer: Rules;
  };
  /** Say which salts exist, and when the older ones were destroyed. */
  'GET /api/v1/privacy/salts': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: PageSalt;
  };
  /** Tell whether the instance still needs its first admin. */
  'GET /api/v1/setup': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: SetupState;
  };
  /** Make the first admin, and sign them in. */
  'POST /api/v1/setup': {
    path: undefined;
    query: undefined;
    body: FirstAdmin;
    answer: Me;
  };
  /** Sign in. The answer sets a cookie; `csrf_token` is repeated in the header x-sightline-csrf by what changes. */
  'POST /api/v1/sign-in': {
    path: undefined;
    query: undefined;
    body: SignIn;
    answer: Me;
  };
  /** End this sign-in, on the server, at once. */
  'POST /api/v1/sign-out': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** List the sites of one's teams; an admin sees all. */
  'GET /api/v1/sites': {
    path: undefined;
    query: { team?: string | null; limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageSite;
  };
  /** Create a site. */
  'POST /api/v1/sites': {
    path: undefined;
    query: undefined;
    body: NewSite;
    answer: Site;
  };
  /** Remove a site; its data are erased in the background. */
  'DELETE /api/v1/sites/{site}': {
    path: { site: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** One site, by its id or UUID. */
  'GET /api/v1/sites/{site}': {
    path: { site: string };
    query: undefined;
    body: undefined;
    answer: Site;
  };
  /** Change name, domains or time zone. */
  'PATCH /api/v1/sites/{site}': {
    path: { site: string };
    query: undefined;
    body: SiteChange;
    answer: Site;
  };
  /** List the links and pixels of a site. */
  'GET /api/v1/sites/{site}/links': {
    path: { site: string };
    query: { kind?: LinkKind | null; limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageLink;
  };
  /** Make a link or a pixel. */
  'POST /api/v1/sites/{site}/links': {
    path: { site: string };
    query: undefined;
    body: NewLink;
    answer: Link;
  };
  /** Remove one; its address no longer works, what it counted stays. */
  'DELETE /api/v1/sites/{site}/links/{link}': {
    path: { site: string; link: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Say what the site may collect, whether visitors are asked first, and for how long one is recognised. */
  'PUT /api/v1/sites/{site}/privacy': {
    path: { site: string };
    query: undefined;
    body: PrivacyChange;
    answer: Site;
  };
  /** List what was kept out, the latest first. */
  'GET /api/v1/sites/{site}/quarantine': {
    path: { site: string };
    query: { reason?: Reason | null; limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageKept;
  };
  /** Put events under another reason. */
  'POST /api/v1/sites/{site}/quarantine/reclassify': {
    path: { site: string };
    query: undefined;
    body: Reclassification;
    answer: Done;
  };
  /** Store events that were kept out, as if they had come in: with their own time, and visits that follow from it. */
  'POST /api/v1/sites/{site}/quarantine/release': {
    path: { site: string };
    query: undefined;
    body: Choice;
    answer: Done;
  };
  /** Count what was kept out, by reason and by what gave it away: at most 200 rows, so there is one page. */
  'GET /api/v1/sites/{site}/quarantine/summary': {
    path: { site: string };
    query: undefined;
    body: undefined;
    answer: PageGroup;
  };
  /** Events one by one, the latest first; of a visit or visitor if wanted. */
  'GET /api/v1/sites/{site}/reports/activity': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; visitor?: string | null; limit?: number; cursor?: string | null; visit?: string | null; format?: Format | null };
    body: undefined;
    answer: Activity;
  };
  /** Which sources brought those who reached a goal. */
  'GET /api/v1/sites/{site}/reports/attribution': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; goal: string; model?: Model; by?: string; limit?: number; format?: Format | null };
    body: undefined;
    answer: Attribution;
  };
  /** Metrics for each value of a dimension, or each combination of several. */
  'GET /api/v1/sites/{site}/reports/breakdown': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; by: string[]; metric?: string[]; order?: string | null; search?: string | null; limit?: number; offset?: number; format?: Format | null };
    body: undefined;
    answer: Breakdown;
  };
  /** What UTM parameters and click ids brought. */
  'GET /api/v1/sites/{site}/reports/campaigns': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; limit?: number; format?: Format | null };
    body: undefined;
    answer: Campaigns;
  };
  /** How many visitors took each of some steps in their order. */
  'GET /api/v1/sites/{site}/reports/funnel': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; step: string[]; window_minutes?: number; format?: Format | null };
    body: undefined;
    answer: Funnel;
  };
  /** How many visitors reached each goal. */
  'GET /api/v1/sites/{site}/reports/goals': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; goal: string[]; format?: Format | null };
    body: undefined;
    answer: Goals;
  };
  /** What visits begin with, step by step. */
  'GET /api/v1/sites/{site}/reports/journeys': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; steps?: number; first?: string | null; last?: string | null; limit?: number; format?: Format | null };
    body: undefined;
    answer: Journeys;
  };
  /** All metrics of a period, beside those of the period before. */
  'GET /api/v1/sites/{site}/reports/overview': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; compare?: Compare; format?: Format | null };
    body: undefined;
    answer: Overview;
  };
  /** Which properties custom events have. */
  'GET /api/v1/sites/{site}/reports/properties': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; event?: string | null; format?: Format | null };
    body: undefined;
    answer: Properties;
  };
  /** The values of one property, with statistics of its numbers. */
  'GET /api/v1/sites/{site}/reports/property-values': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; event?: string | null; key: string; limit?: number; format?: Format | null };
    body: undefined;
    answer: PropertyValues;
  };
  /** The last half hour. */
  'GET /api/v1/sites/{site}/reports/realtime': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; limit?: number; format?: Format | null };
    body: undefined;
    answer: Realtime;
  };
  /** How many of those who came for the first time came back. */
  'GET /api/v1/sites/{site}/reports/retention': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; unit?: 'day' | 'week' | 'month'; format?: Format | null };
    body: undefined;
    answer: RetentionTable;
  };
  /** Money by currency, by a dimension or over time. */
  'GET /api/v1/sites/{site}/reports/revenue': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; by?: string | null; unit?: Unit | null; limit?: number; format?: Format | null };
    body: undefined;
    answer: Revenue;
  };
  /** Metrics over time, in buckets of the site's clock and calendar. */
  'GET /api/v1/sites/{site}/reports/series': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; unit?: Unit | null; metric?: string[]; compare?: Compare; format?: Format | null };
    body: undefined;
    answer: Series;
  };
  /** One visitor. */
  'GET /api/v1/sites/{site}/reports/visitor': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; visitor: string; format?: Format | null };
    body: undefined;
    answer: Visitor;
  };
  /** Visits one by one, the latest first. */
  'GET /api/v1/sites/{site}/reports/visits': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; visitor?: string | null; limit?: number; cursor?: string | null; format?: Format | null };
    body: undefined;
    answer: Visits;
  };
  /** Metrics for each hour of the week. */
  'GET /api/v1/sites/{site}/reports/weekly': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: Match; segment?: string[]; exclude_bounces?: boolean; metric?: string[]; format?: Format | null };
    body: undefined;
    answer: Weekly;
  };
  /** Say how long each kind of data is kept; what is older is erased in the background. */
  'PUT /api/v1/sites/{site}/retention': {
    path: { site: string };
    query: undefined;
    body: RetentionChange;
    answer: Site;
  };
  /** List a site's segments and cohorts. */
  'GET /api/v1/sites/{site}/segments': {
    path: { site: string };
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageSegment;
  };
  /** Save a segment or cohort. */
  'POST /api/v1/sites/{site}/segments': {
    path: { site: string };
    query: undefined;
    body: NewSegment;
    answer: Segment;
  };
  /** Remove a segment. */
  'DELETE /api/v1/sites/{site}/segments/{segment}': {
    path: { site: string; segment: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** One segment. */
  'GET /api/v1/sites/{site}/segments/{segment}': {
    path: { site: string; segment: string };
    query: undefined;
    body: undefined;
    answer: Segment;
  };
  /** Replace a segment. */
  'PUT /api/v1/sites/{site}/segments/{segment}': {
    path: { site: string; segment: string };
    query: undefined;
    body: NewSegment;
    answer: Segment;
  };
  /** List the teams that one is in; an admin sees all. */
  'GET /api/v1/teams': {
    path: undefined;
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageTeam;
  };
  /** Create a team, and own it. */
  'POST /api/v1/teams': {
    path: undefined;
    query: undefined;
    body: TeamName;
    answer: Team;
  };
  /** Remove a team that has no sites left. */
  'DELETE /api/v1/teams/{team}': {
    path: { team: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** One team. */
  'GET /api/v1/teams/{team}': {
    path: { team: string };
    query: undefined;
    body: undefined;
    answer: Team;
  };
  /** Rename a team. */
  'PATCH /api/v1/teams/{team}': {
    path: { team: string };
    query: undefined;
    body: TeamName;
    answer: Team;
  };
  /** List the invitations that can still be accepted. */
  'GET /api/v1/teams/{team}/invitations': {
    path: { team: string };
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageInvitation;
  };
  /** Make an invitation; only an owner invites an owner. */
  'POST /api/v1/teams/{team}/invitations': {
    path: { team: string };
    query: undefined;
    body: NewInvitation;
    answer: FreshInvitation;
  };
  /** Take an invitation back. */
  'DELETE /api/v1/teams/{team}/invitations/{invitation}': {
    path: { team: string; invitation: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Who is in a team. */
  'GET /api/v1/teams/{team}/members': {
    path: { team: string };
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageMember;
  };
  /** Put an existing user into a team. Owners and managers, who do not see the list of users, invite instead. */
  'POST /api/v1/teams/{team}/members': {
    path: { team: string };
    query: undefined;
    body: NewMember;
    answer: undefined;
  };
  /** Take somebody out of a team. */
  'DELETE /api/v1/teams/{team}/members/{user}': {
    path: { team: string; user: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Give a member another role; only an owner makes and unmakes owners, and the last one stays. */
  'PATCH /api/v1/teams/{team}/members/{user}': {
    path: { team: string; user: string };
    query: undefined;
    body: MemberRole;
    answer: undefined;
  };
  /** List all users. */
  'GET /api/v1/users': {
    path: undefined;
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageUser;
  };
  /** Create a user. */
  'POST /api/v1/users': {
    path: undefined;
    query: undefined;
    body: NewUser;
    answer: User;
  };
  /** Remove a user for good. */
  'DELETE /api/v1/users/{user}': {
    path: { user: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** One user. */
  'GET /api/v1/users/{user}': {
    path: { user: string };
    query: undefined;
    body: undefined;
    answer: User;
  };
  /** Change name, address or role; disable (which ends every sign-in) or enable. The last admin stays one. */
  'PATCH /api/v1/users/{user}': {
    path: { user: string };
    query: undefined;
    body: UserChange;
    answer: User;
  };
  /** Set somebody's password; ends all their sign-ins. */
  'PUT /api/v1/users/{user}/password': {
    path: { user: string };
    query: undefined;
    body: Password;
    answer: undefined;
  };
}
