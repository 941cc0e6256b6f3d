/** Made from openapi.json by scripts/generate-client.mjs: change the server, not this file. */

/** What was done. */
export type Action = 'setup' | 'sign_in' | 'sign_out' | 'sign_in.end' | 'password.change' | 'user.create' | 'user.change' | 'user.role' | 'user.disable' | 'user.enable' | 'user.remove' | 'team.create' | 'team.change' | 'team.remove' | 'member.add' | 'member.role' | 'member.remove' | 'invitation.create' | 'invitation.revoke' | 'invitation.accept' | 'site.create' | 'site.change' | 'site.retention' | 'site.privacy' | 'site.reset' | 'site.erase' | 'site.remove' | 'site.transfer' | 'share.create' | 'share.change' | 'share.remove' | 'share.view' | 'quarantine.release' | 'quarantine.reclassify' | 'key.create' | 'key.revoke' | 'rules.activate' | 'remask' | 'recording.view' | 'recording.export' | 'recording.keep' | 'recording.delete' | 'recording.share' | 'recording.upload' | 'recording.note' | 'recording.tag';

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
  period: sightlineServerApiTypedSpan;
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

/** A note at a day or moment; `own` where the caller wrote it, `personal` where nobody else sees it. */
export interface Annotation {
  all_day: boolean;
  at: string;
  created_at: string;
  id: string;
  note: string;
  own: boolean;
  personal: boolean;
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

/** What a shared report is asked with, as the reports themselves take it. */
export interface AskedInput {
  compare?: Compare;
  compare_end?: string | null;
  compare_start?: string | null;
  end?: string | null;
  filter?: string[];
  match?: sightlineAnalyticsFiltersMatch;
  match_weekday?: boolean;
  range?: string;
  segment?: string[];
  start?: string | null;
}

/** The job that was begun; after a dry run what it would do, and no job. */
export interface AskedRemask {
  job: Remask | null;
  would: WouldChange[];
}

/** Under which law a person asks. */
export interface AskedUnder {
  jurisdiction: 'gdpr' | 'ccpa';
}

/** The sources, the strongest first. */
export interface Attribution {
  by: string;
  model: Model;
  period: sightlineServerApiTypedSpan;
  rows: AttributionRow[];
}

/** One source: its part of the conversions, and how many converted visitors it touched. */
export interface AttributionRow {
  conversions: number;
  value: string;
  visitors: number;
}

/** One row of the vault's audit; `user_id` is a pseudonym of the subject. */
export interface AuditEntry {
  accessed_at: string;
  actor_id: string | null;
  actor_kind: string;
  db_role: string;
  duration_us: number;
  error: string | null;
  field_name: string | null;
  id: string;
  key_version: number | null;
  level: number | null;
  operation: string;
  origin: string;
  purpose: string;
  request_id: string | null;
  row_count: number;
  success: boolean;
  user_id: string | null;
}

/** A part of the audit, the latest first; `next` is the `before` of the following part. */
export interface AuditPage {
  items: AuditEntry[];
  next: string | null;
}

/** Where a part of a verification begins. */
export interface AuditPart {
  /** `next` of the part before. */
  after?: number;
}

/** What an audit read and found. */
export interface AuditReport {
  findings: Finding[];
  found: number;
  seconds: number;
  walked: Read[];
}

/** What a part of a verification found; `next` is the `after` of the following part, null at the end. */
export interface AuditVerified {
  next: number | null;
  rows: number;
  seals: number;
  /** The number of the newest seal. */
  total: number;
  /** Rows that wait for their seal. */
  unsealed: number;
  /** What is not as it was sealed; empty: all is. */
  wrong: string[];
}

/** A board: its tiles from left to right and top to bottom. */
export interface Board {
  changed_at: string;
  created_at: string;
  description: string;
  name: string;
  tiles: Tile[];
  uuid: string;
}

/** One row for each combination of values; `more` tells whether there are further ones. */
export interface Breakdown {
  by: string[];
  more: boolean;
  period: sightlineServerApiTypedSpan;
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
  period: sightlineServerApiTypedSpan;
  rows: CampaignRow[];
}

/** How many kinds of errors are judged otherwise now. */
export interface Changed {
  changed: number;
}

/** Other values; null takes one away. */
export interface Changes {
  values: Record<string, string | null>;
}

/** What was found at `url`; without faults, a browser that opens the page is counted. */
export interface Checked {
  faults: Fault[];
  url: string;
}

/** Which: some by their ids, or all of a reason, perhaps only those with one detail. */
export interface Choice {
  detail?: string | null;
  ids?: string[] | null;
  reason?: Reason | null;
}

/** The latest result of each kind; null: nobody has sent one. */
export interface Cloud {
  estimate: TakenEstimate | null;
  /** Empty: this server knows of no AWS. */
  region: string;
  spending: TakenSpending | null;
  stage: string;
  tags: TakenTags | null;
  verification: TakenVerification | null;
}

/** What a period is compared with. */
export type Compare = 'none' | 'previous' | 'year' | 'custom';

/** One line of the console; `trace` is where it was written. */
export interface ConsoleLine {
  at_ms: number;
  level: string;
  text: string;
  trace: string[];
}

/** One criterion of the requirements, and what the account says about it. */
export interface Criterion {
  criterion: string;
  evidence: string;
  how: string;
  id: string;
  state: 'pass' | 'fail' | 'human' | 'missing';
}

/** How many errors there were on a day (UTC). */
export interface Day {
  begins_ms: number;
  events: number;
}

/** What shall become of some issues; what is left out stays as it is. */
export interface Decision {
  /** A user's id; empty: nobody looks after it. */
  assignee?: string | null;
  /** For ignored: until it was seen so many times more. */
  events?: number | null;
  issues: string[];
  /** For resolved: the release in which it is done, or `next`. */
  release?: string;
  status?: Status | null;
  /** For ignored: until that moment. */
  until_ms?: number | null;
}

/** Filters; with `did`, a cohort: the visitors who did that in the range. */
export interface Definition {
  did?: string | null;
  end?: string | null;
  filter?: string[];
  match?: sightlineAnalyticsFiltersMatch;
  range?: string;
  start?: string | null;
}

/** The demo's site, if there is one, and the example shop, if it runs beside this server. */
export interface Demo {
  /** Somebody has removed the site: it does not come back. */
  removed: boolean;
  shop_url: string | null;
  site_id: string | null;
}

/** Why it is not done. */
export interface Denial {
  basis: 'not_identified' | 'excessive' | 'legal_duty' | 'legal_claims' | 'exempt';
}

/** An issue with everything that it is made of. */
export interface Detail {
  assignee: string | null;
  /** The innermost place in the application. */
  culprit: string;
  days: Day[];
  events: number;
  first_ms: number;
  first_release: string;
  groups: sightlineServerApiIssuesGroup[];
  id: string;
  ignored_until_events: number | null;
  ignored_until_ms: number | null;
  last_ms: number;
  last_release: string;
  regressed_in: string;
  /** When it came back after it was resolved. */
  regressed_ms: number | null;
  releases: InRelease[];
  resolved_in: string;
  resolved_ms: number | null;
  status: Status;
  /** By browser, os, device, country, path and environment. */
  tallies: Record<string, Value[]>;
  title: string;
  visitors: number | null;
  visits: number | null;
}

/** One entry that differs between two versions. */
export interface Difference {
  added: unknown;
  entry: string;
  removed: unknown;
}

/** What events are told apart by; each is a text, empty where it is absent. */
export type Dimension = 'path' | 'entry' | 'exit' | 'hostname' | 'query' | 'title' | 'referrer' | 'referrer_path' | 'channel' | 'utm_source' | 'utm_medium' | 'utm_campaign' | 'utm_content' | 'utm_term' | 'click' | 'event' | 'tag' | 'browser' | 'os' | 'device' | 'screen' | 'language' | 'country' | 'region' | 'city' | 'currency';

/** How much room there is. */
export interface Disk {
  free: number;
  total: number;
}

/** How many events it was. */
export interface Done {
  events: number;
}

/** A visitor who took a step and not the next: the visit and the moment of the step. Ids are texts. */
export interface DropRow {
  at_ms: number;
  path: string;
  visit: string;
  visitor: string;
}

/** Who left there, the latest first; `visitors` are all of them. */
export interface Drops {
  period: sightlineServerApiTypedSpan;
  rows: DropRow[];
  visitors: number;
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

/** An erasure: nobody sees the data any more since `requested_at`; `done` goes from 0 to 1 until they are gone. */
export interface Erasure {
  done: number;
  finished_at: string | null;
  id: string;
  persons: number;
  /** reset, removed, or asked. */
  reason: string;
  requested_at: string;
  /** Signals that were taken so far. */
  rows: number;
  visitors: number;
  visits: number;
}

/** The receipt of somebody who was erased, and whether its signature holds. */
export interface ErasureReceipt {
  document: Record<string, unknown>;
  erased_at: string;
  holds: boolean;
  subject: string;
}

/** A part of the receipts, the latest first; `next` is the `before` of the following part. */
export interface ErasureReceipts {
  items: ErasureReceipt[];
  next: string | null;
}

/** A month as the templates and a workload have it. */
export interface Estimate {
  about: string;
  lines: EstimateLine[];
  prices_read: string;
  /** US dollars; credits are below zero. */
  total: number;
}

/** What one resource costs a month. */
export interface EstimateLine {
  part: string;
  quantity: number;
  resource: string;
  unit: string;
  /** US dollars; credits are below zero. */
  usd: number;
  what: string;
}

/** How lines are written. */
export type ExportFormat = 'ndjson' | 'csv';

/** A field, its values with the most lines, and how to ask for one of them: `field:value`. */
export interface Facet {
  field: string;
  sampled: boolean;
  values: (Record<string, string | number>)[];
}

/** Who came in the visit, with what, and how it went; empty where nothing was measured. */
export interface FactsOf {
  browser: string;
  country: string;
  device: string;
  /** Errors that the page reported. */
  errors: number;
  /** Custom events. */
  events: number;
  os: string;
  release: string;
  /** The worst Web Vital of the visit. */
  vital: string;
  vital_rating: string;
  vital_value: number;
}

/** One error, and the issue that it belongs to; none where it is taken for noise. */
export interface Failed {
  at_ms: number;
  count: number;
  handled: boolean;
  issue: string | null;
  message: string;
  name: string;
  path: string;
  release: string;
}

/** What is wrong, as a code, with the value that shows it. */
export interface Fault {
  code: string;
  detail: string;
}

/** A field that can be kept. */
export interface FieldOfVault {
  name: string;
  number: number;
  searchable: boolean;
  tier: number;
}

/** What can be kept, and what it may be read for. */
export interface FieldsOfVault {
  fields: FieldOfVault[];
  purposes: Record<string, string[]>;
}

/** What the rules in force would still mask, of one sort; never the value. */
export interface Finding {
  detector: string;
  field: string;
  kind: string;
  places: Where[];
  rules: number;
  signals: number;
  texts: number;
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

/** What a rule found: see docs/reference/recordings.md for the rules and their limits. */
export interface Found {
  at_ms: number;
  name: string;
  node: number;
}

/** Who was found. */
export interface FoundSubjects {
  ids: string[];
  items: MaskedSubject[];
}

/** One call, as the source map says; `missing` says why where none does. */
export interface Frame {
  /** The place in the built file, as the browser told it. */
  built: string;
  code: sightlineServerApiIssuesLine[];
  column: number;
  file: string;
  function: string;
  in_app: boolean;
  line: number;
  mapped: boolean;
  missing: string;
}

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

/** Pages that were open when a function was called in the same visit, those with the most calls first. */
export interface FunctionPages {
  period: sightlineServerApiTypedSpan;
  rows: (Record<string, string | number | null>)[];
}

/** One row for each function of each service, those that ran most first. Costs are in dollars, `throttles` unknown.  `concurrency` is how many ran at the same time on average in their busiest hour. */
export interface Functions {
  period: sightlineServerApiTypedSpan;
  prices: string;
  rows: (Record<string, string | number | null>)[];
}

/** One row for each bucket; percentiles are null where nothing ran. */
export interface FunctionsSeries {
  period: sightlineServerApiTypedSpan;
  rows: (Record<string, string | number | null>)[];
  unit: Unit;
}

/** The steps. */
export interface Funnel {
  period: sightlineServerApiTypedSpan;
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

/** A resource, and what is wrong with its tags. */
export interface Gap {
  arn: string;
  faults: string[];
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
  period: sightlineServerApiTypedSpan;
  rows: GoalRow[];
  visitors: number;
}

/** How many errors there were in a release. */
export interface InRelease {
  events: number;
  first_ms: number;
  last_ms: number;
  release: string;
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

/** One invocation; its lines are found by `request:` with the id. */
export interface Invocation {
  at_ms: number;
  billed_ms: number;
  cold: boolean;
  duration_ms: number;
  function: string;
  init_ms: number;
  memory_mb: number;
  request: string;
  service: string;
  status: string;
  trace: string;
  used_mb: number;
  visit: string;
}

/** Invocations; `next` is the cursor of the following page, where the latest come first. */
export interface Invocations {
  next: string | null;
  period: sightlineServerApiTypedSpan;
  rows: Invocation[];
}

/** Errors that are one and the same. `visitors` is null while the warehouse is being made anew. */
export interface Issue {
  assignee: string | null;
  /** The innermost place in the application. */
  culprit: string;
  events: number;
  first_ms: number;
  first_release: string;
  id: string;
  ignored_until_events: number | null;
  ignored_until_ms: number | null;
  last_ms: number;
  last_release: string;
  regressed_in: string;
  /** When it came back after it was resolved. */
  regressed_ms: number | null;
  resolved_in: string;
  resolved_ms: number | null;
  status: Status;
  title: string;
  visitors: number | null;
  visits: number | null;
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
  period: sightlineServerApiTypedSpan;
  rows: JourneyRow[];
}

/** Whether it stays past its retention. */
export interface Keep {
  kept: boolean;
}

/** An event that was kept out; `detail` is what gave it away, `event` what would have been stored. */
export interface Kept {
  detail: string;
  event: Record<string, unknown>;
  id: string;
  reason: string;
  received_ms: number;
}

/** Lines in the order of their time; `next` is the cursor of the following. */
export interface LinesOfVisit {
  next: string | null;
  rows: sightlineServerApiTypedLine[];
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

/** An issue of the list, with how often it was seen on each of the last 14 days (UTC), today last. */
export interface Listed {
  assignee: string | null;
  /** The innermost place in the application. */
  culprit: string;
  events: number;
  first_ms: number;
  first_release: string;
  id: string;
  ignored_until_events: number | null;
  ignored_until_ms: number | null;
  last_ms: number;
  last_release: string;
  recent: number[];
  regressed_in: string;
  /** When it came back after it was resolved. */
  regressed_ms: number | null;
  resolved_in: string;
  resolved_ms: number | null;
  status: Status;
  title: string;
  visitors: number | null;
  visits: number | null;
}

/** Lines, the latest first; `next` is the cursor of the following page. */
export interface Logs {
  next: string | null;
  period: sightlineServerApiTypedSpan;
  rows: sightlineServerApiTypedLine[];
}

/** Lines of one stream in the order in which they were written, the one that was asked for among them. */
export interface LogsAround {
  rows: sightlineServerApiTypedLine[];
}

/** Facets of all lines that are found, and of the latest of them those that their own fields are. */
export interface LogsFacets {
  period: sightlineServerApiTypedSpan;
  rows: Facet[];
  sample: number;
}

/** One row for each bucket, with its beginning in the zone and how many lines there were of each level. */
export interface LogsHistogram {
  period: sightlineServerApiTypedSpan;
  rows: (Record<string, string | number>)[];
  total: number;
  unit: Unit;
}

/** What was stored. */
export interface MadeUp {
  signals: number;
  site_id: string;
  visits: number;
}

/** A mark on the time line. */
export interface Mark {
  at_ms: number;
  duration_ms: number;
  kind: string;
  node: number;
  status: number;
  text: string;
}

/** A subject as everybody may see it who may see the vault. */
export interface MaskedSubject {
  created_at: string;
  id: string;
  restricted: boolean;
  updated_at: string;
  /** Masked. Fields of tiers 2 and 3 are starred whole. */
  values: Record<string, string>;
}

/** Who asks. `permissions` are those of the whole instance; `csrf_token` is null for an API key. */
export interface Me {
  csrf_token: string | null;
  permissions: Permission[];
  teams: OwnTeam[];
  user: Own;
}

/** One value of one Web Vital. */
export interface Measurement {
  at_ms: number;
  element: string;
  metric: string;
  path: string;
  rating: string;
  value: number;
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

/** Which issues become one with another. */
export interface Merge {
  into: string;
  issues: string[];
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

/** The ids of the recordings beside one in a search; null at its ends. */
export interface Neighbours {
  next: string | null;
  previous: string | null;
}

/** What is written, and when it was. One that is not personal needs the permission site:change. */
export interface NewAnnotation {
  all_day?: boolean;
  at: string;
  note: string;
  personal?: boolean;
}

/** What to read; without `sample` everything. */
export interface NewAudit {
  /** Read only about so many signals of each kind. */
  sample?: number | null;
  /** Only what was created from then on, in milliseconds. */
  since_ms?: number;
  site?: string | null;
}

/** What is kept. */
export interface NewBoard {
  description?: string;
  name: string;
  tiles?: Tile[];
}

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

/** A map that is offered: for which built file of which release, and the digest of its content. */
export interface NewMap {
  /** The built file's path, as assets/index-B3kD9x1f.js. */
  file: string;
  /** In how many parts of its gzip it comes. */
  parts: number;
  release: string;
  sha256: string;
}

/** Who joins, and as what. */
export interface NewMember {
  role: TeamRole;
  /** An id or a UUID. */
  user: string;
}

/** A note to write. */
export interface NewNote {
  at_ms: number;
  text: string;
}

/** What is saved. */
export interface NewRecordingSearch {
  conditions: string[];
  match?: sightlineReplaySearchMatch;
  name: string;
}

/** What to go over. */
export interface NewRemask {
  dry_run?: boolean;
  kinds?: string[];
  /** Only what was created from then on, in milliseconds. */
  since_ms?: number;
  site?: string | null;
}

/** What is saved. */
export interface NewReport {
  description?: string;
  name: string;
  parameters?: Record<string, unknown>;
  /** The name of a report, as funnel or goals. */
  report: string;
}

/** What a person asks for, and how it came in. */
export interface NewRequest {
  jurisdiction: 'gdpr' | 'ccpa';
  /** A copy of their data, or that they are erased. */
  kind: 'export' | 'erase';
  manner?: 'unknown' | 'web' | 'email' | 'phone' | 'letter' | 'person' | 'agent';
}

/** Which key is made anew. The root key is the instance's: `sightline root-key`. */
export interface NewRotation {
  /** Only count the subjects that it would go through. */
  dry_run?: boolean;
  key_type: 'tenant' | 'subject' | 'application' | 'index';
  /** How long it rests between two batches. */
  pause_ms?: number;
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

/** For how long, and from which moment on it plays. */
export interface NewShare {
  at_ms?: number;
  hours?: number;
}

/** What a new link shows, and to whom. */
export interface NewShareOfReport {
  asked: AskedInput;
  expires_at?: string | null;
  /** Who looks may choose another time and further filters. */
  free?: boolean;
  name: string;
  /** overview */
  page?: string;
  /** 8 characters at least. */
  password?: string | null;
}

/** What a new site needs to be told; `team` may be left out by who has only one, or none yet. */
export interface NewSite {
  /** Host names; `*.` in front stands for all below. */
  domains?: string[];
  name: string;
  /** Record nothing until somebody has said what may be collected. */
  privacy_later?: boolean;
  team?: string | null;
  /** Of the IANA list, as Europe/Zurich. */
  time_zone?: string;
}

/** What is kept of a person, by field. */
export interface NewSubject {
  values: Record<string, string>;
}

/** Several persons: all of them are kept, or none. */
export interface NewSubjects {
  subjects: NewSubject[];
}

/** Who shall be created, with a password to change; one of e-mail address and user name has to be given. */
export interface NewUser {
  email?: string | null;
  name: string;
  password: string;
  role?: Role;
  username?: string | null;
}

/** How many visits of past days are made up. */
export interface NewVisits {
  days?: number;
  visits?: number;
}

/** Somebody without an account who holds a link. */
export interface Newcomer {
  email: string;
  name: string;
  password: string;
  token: string;
}

/** What a site takes for noise: known rules that it does not want, and rules of its own. */
export interface NoiseChange {
  off?: string[];
  rules?: OwnRule[];
}

/** What is taken for noise, and how much of it came in the last 30 days. */
export interface NoiseRule {
  events: number;
  is_on: boolean;
  last_ms: number | null;
  meaning: string;
  name: string;
  over: 'message' | 'file' | 'known';
}

/** What somebody wrote at a moment of a recording; masked, as everything is. */
export interface Note {
  at_ms: number;
  created_at: string;
  id: string;
  text: string;
  user_id: string | null;
}

/** Statistics of the values that are numbers; null where none is. */
export interface Numbers {
  average: number | null;
  count: number;
  least: number | null;
  most: number | null;
  sum: number | null;
}

/** One custom event. */
export interface Occurred {
  at_ms: number;
  name: string;
  path: string;
  properties: string;
}

/** One error, as it was told; `frames` are its stack, read by the source maps of its release. */
export interface Occurrence {
  breadcrumbs: unknown;
  browser: string;
  component: string;
  context: unknown;
  count: number;
  country: string;
  created_ms: number;
  device: string;
  environment: string;
  frames: Frame[];
  handled: boolean;
  hostname: string;
  id: string;
  message: string;
  name: string;
  os: string;
  path: string;
  release: string;
  source: string;
  stack: string;
  visit: string;
  visitor: string;
}

/** What a link shows, and the token, which lasts an hour, to ask for it with. */
export interface OpenedReport {
  asked: sightlineServerApiReportSharesAsked;
  expires_at: string | null;
  free: boolean;
  name: string;
  page: string;
  site_name: string;
  time_zone: string;
  token: string;
}

/** The slug of a link, and its password where it has one. */
export interface Opening {
  password?: string | null;
  slug: string;
}

/** By what issues are ordered, the most first. */
export type Order = 'last' | 'first' | 'events';

/** The metrics of a period. */
export interface Overview {
  compared: sightlineServerApiTypedSpan | null;
  period: sightlineServerApiTypedSpan;
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

/** A pattern with `*` for any characters, over messages (`TypeError: …` or without the name) or files. */
export interface OwnRule {
  over?: 'message' | 'file';
  pattern: string;
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

/** Which page to fetch: one on a domain of the site. */
export interface PageToCheck {
  /** Where the caller reaches this server. */
  origin?: string;
  url: string;
}

export interface PageAnnotation {
  items: Annotation[];
  next: string | null;
}

export interface PageApiKey {
  items: ApiKey[];
  next: string | null;
}

export interface PageBoard {
  items: Board[];
  next: string | null;
}

export interface PageDifference {
  items: Difference[];
  next: string | null;
}

export interface PageEntry {
  items: Entry[];
  next: string | null;
}

export interface PageErasure {
  items: Erasure[];
  next: string | null;
}

export interface PageGroup {
  items: sightlineServerApiQuarantineGroup[];
  next: string | null;
}

export interface PageInvitation {
  items: Invitation[];
  next: string | null;
}

export interface PageIssue {
  items: Issue[];
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

export interface PageListed {
  items: Listed[];
  next: string | null;
}

export interface PageMember {
  items: Member[];
  next: string | null;
}

export interface PageNoiseRule {
  items: NoiseRule[];
  next: string | null;
}

export interface PageNote {
  items: Note[];
  next: string | null;
}

export interface PageOccurrence {
  items: Occurrence[];
  next: string | null;
}

export interface PageOwnSignIn {
  items: OwnSignIn[];
  next: string | null;
}

export interface PageRecordingSearch {
  items: RecordingSearch[];
  next: string | null;
}

export interface PageRecording {
  items: Recording[];
  next: string | null;
}

export interface PageRelease {
  items: Release[];
  next: string | null;
}

export interface PageRemask {
  items: Remask[];
  next: string | null;
}

export interface PageReport {
  items: Report[];
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

export interface PageShareOfReport {
  items: ShareOfReport[];
  next: string | null;
}

export interface PageSite {
  items: Site[];
  next: string | null;
}

export interface PageSourceMap {
  items: SourceMap[];
  next: string | null;
}

export interface PageStorage {
  items: sightlineServerApiErasuresStorage[];
  next: string | null;
}

export interface PageStoredAudit {
  items: StoredAudit[];
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

/** Everything beside a recording. `measured` is false while the warehouse is made anew: then three lists are empty.  `more` says that there were more lines or requests than are shown. */
export interface Panes {
  console: ConsoleLine[];
  errors: Failed[];
  events: Occurred[];
  measured: boolean;
  more: boolean;
  requests: RequestLine[];
  vitals: Measurement[];
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
export type Permission = 'self:read' | 'self:change' | 'key:manage' | 'user:manage' | 'team:create' | 'job:read' | 'job:run' | 'privacy:read' | 'privacy:manage' | 'cloud:read' | 'cloud:report' | 'team:read' | 'team:change' | 'team:delete' | 'member:manage' | 'owner:manage' | 'audit:read' | 'site:create' | 'vault:read' | 'vault:write' | 'vault:reveal' | 'vault:erase' | 'vault:audit' | 'vault:rotate' | 'site:read' | 'site:errors' | 'site:logs' | 'site:change' | 'site:delete' | 'site:erase' | 'site:retention' | 'site:quarantine' | 'site:send' | 'site:send-logs' | 'site:privacy';

/** What `identify` calls the person. */
export interface PersonName {
  name: string;
}

/** What a person asked for, by when it is due, and how it was answered. */
export interface PersonRequest {
  answered_at: string | null;
  /** Why it was denied. */
  basis: string | null;
  due_at: string;
  extended_at: string | null;
  id: string;
  jurisdiction: string;
  kind: string;
  late: boolean;
  manner: string;
  /** answered, erased or denied. */
  outcome: string | null;
  pseudonym: string;
  received_at: string;
  /** Null once they were erased. */
  subject: string | null;
}

/** What persons asked for, what is open first. */
export interface PersonRequests {
  items: PersonRequest[];
}

/** Something personal in a text: where, and by which field; `tier` is null where only its normal form shows it. */
export interface Personal {
  column: number;
  field: string;
  length: number;
  line: number;
  tier: number | null;
}

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
  period: sightlineServerApiTypedSpan;
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
  period: sightlineServerApiTypedSpan;
  rows: ValueRow[];
}

/** What was read of one kind. */
export interface Read {
  distinct: number;
  kind: string;
  signals: number;
  texts: number;
}

/** Which fields, and what they are wanted for. */
export interface Reading {
  /** False: in the form that the field is displayed in. */
  clear?: boolean;
  fields: string[];
  /** As the setting vault.purposes declares it. */
  purpose: string;
}

/** The same of several subjects. */
export interface ReadingMany {
  /** False: in the form that the field is displayed in. */
  clear?: boolean;
  fields: string[];
  /** As the setting vault.purposes declares it. */
  purpose: string;
  subjects: string[];
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

/** A recording of one tab of one visit; `state` is `open` while the visit goes on. */
export interface Recording {
  /** How long somebody did something; null while it goes on. */
  active_ms: number | null;
  bytes: number;
  clicks: number;
  /** Events that masking left out. */
  dropped: number;
  errors: number;
  events: number;
  /** Null while the warehouse is made anew. */
  facts: FactsOf | null;
  failed: number;
  findings: string[];
  first_ms: number;
  id: string;
  inputs: number;
  kept: boolean;
  last_ms: number;
  /** Chunks that never arrived. */
  missing: number;
  pages: string[];
  person: string | null;
  requests: number;
  /** The oldest rules version that something in it was masked by. */
  rules: number;
  state: 'open' | 'sealed';
  tab: string;
  tags: string[];
  visit: string;
  visitor: string;
}

/** A search by its name; its conditions are what the list of recordings takes as `where`. */
export interface RecordingSearch {
  conditions: string[];
  created_at: string;
  id: string;
  match: sightlineReplaySearchMatch;
  name: string;
}

/** How many kinds of errors found another issue. */
export interface Regrouped {
  changed: number;
}

/** A release, in the order in which they were heard of. */
export interface Release {
  events: number;
  first_ms: number;
  new_issues: number;
  release: string;
}

/** A masking anew of what older rules masked. */
export interface Remask {
  /** Signals that were rewritten so far. */
  changed: number;
  finished_at: string | null;
  id: string;
  /** Empty: all. */
  kinds: string[];
  progress: number;
  since_ms: number;
  /** Empty: all. */
  sites: string[];
  started_at: string;
}

/** How many maps were removed. */
export interface Removed {
  removed: number;
}

/** A saved report; `parameters` are those of the report of that name. */
export interface Report {
  changed_at: string;
  created_at: string;
  description: string;
  name: string;
  parameters: Record<string, unknown>;
  report: string;
  uuid: string;
}

/** One request. Headers and bodies are not recorded. */
export interface RequestLine {
  at_ms: number;
  bytes: number | null;
  duration_ms: number | null;
  initiator: string;
  method: string;
  status: number | null;
  url: string;
}

/** Whether values may be read. */
export interface Restriction {
  restricted: boolean;
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
  period: sightlineServerApiTypedSpan;
  rows: RetentionRow[];
  unit: Unit;
}

/** Revenue of a period. */
export interface Revenue {
  period: sightlineServerApiTypedSpan;
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

/** What was begun, or would be: `rotation` is null after a dry run. */
export interface RotationBegun {
  rotation: RotationRun | null;
  subjects: number;
}

/** One rotation. Versions are those of the tenant, application or index key; subjects have a key each. */
export interface RotationRun {
  completed_at: string | null;
  /** forward, or back where it takes an earlier one back. */
  direction: string;
  done: number;
  /** Values that could not be opened. */
  failed: number;
  id: string;
  key_type: string;
  new_version: number | null;
  old_version: number | null;
  pause_ms: number;
  started_at: string;
  /** running, verifying, completed, failed or rolled_back. */
  status: string;
  total: number;
}

/** Rotations, the latest first. */
export interface RotationRuns {
  items: RotationRun[];
}

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

/** A text to look at as the rules in force would. */
export interface SampleText {
  site?: string | null;
  text: string;
}

/** A value that subjects are looked for by. It stands in the body: addresses are logged on the way. */
export interface Search {
  /** A field, as `GET …/fields` lists them. */
  field: string;
  value: string;
}

/** The recording that a link shows, and the moment to begin at. */
export interface Seen {
  at_ms: number;
  recording: Recording;
  until_ms: number;
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
  compared: sightlineServerApiTypedSpan | null;
  period: sightlineServerApiTypedSpan;
  rows: (Record<string, string | number | null>)[];
  unit: Unit;
}

/** Whether somebody still has to set this instance up. */
export interface SetupState {
  needed: boolean;
}

/** A link. Its address is `/shared/{slug}`; `guarded` says that it asks for a password. */
export interface ShareOfReport {
  asked: sightlineServerApiReportSharesAsked;
  created_at: string;
  expires_at: string | null;
  free: boolean;
  guarded: boolean;
  id: string;
  name: string;
  opened: number;
  opened_at: string | null;
  page: string;
  slug: string;
}

/** A link's token, and when it expires. */
export interface Shared {
  token: string;
  until_ms: number;
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
  /** Its visits are made up. */
  is_demo?: boolean;
  name: string;
  privacy: Privacy;
  /** Null: nobody has said yet what may be collected, so nothing is recorded. */
  privacy_answered_at: string | null;
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

/** What a site puts into its pages. `html` names this server where its public address is known, else the path. */
export interface Snippet {
  html: string;
  path: string;
}

/** What recordings are listed by, the most first. */
export type Sorting = 'latest' | 'errors' | 'duration' | 'activity';

/** What is known of a map; `sha256` is of its content as it was built. */
export interface SourceMap {
  file: string;
  mappings: number;
  release: string;
  sha256: string;
  size: number;
  uploaded_at: string;
}

/** What Cost Explorer says was spent; `end` is the day after the last. */
export interface Spending {
  anomalies: string[];
  /** A month. */
  budget: number;
  components: Record<string, number>;
  /** By day and service. */
  days: Record<string, Record<string, number>>;
  end: string;
  /** Until the month ends; null: AWS has none yet. */
  forecast: number | null;
  /** By resource group. */
  groups?: Record<string, number>;
  start: string;
}

/** What is taken out of an issue: whole groups, or single keys. */
export interface Split {
  fingerprints?: string[];
  keys?: string[];
}

/** What became of an issue. */
export type Status = 'open' | 'resolved' | 'ignored';

/** An audit of what is stored; `report` is null until it is finished. */
export interface StoredAudit {
  asked_at: string;
  asked_by: string | null;
  finished_at: string | null;
  id: string;
  progress: number;
  report: AuditReport | null;
  sample: number | null;
  since_ms: number;
  site_id: string | null;
}

/** Ids of subjects. */
export interface SubjectIds {
  ids: string[];
}

/** A part of the list; `next` is the `after` of the following part, null at the end. */
export interface SubjectPage {
  items: MaskedSubject[];
  next: string | null;
}

/** The tags of a recording, in place of those that it had. */
export interface TagsOutput {
  tags: string[];
}

/** Whether the map is stored, and which parts are missing. */
export interface Taken {
  missing: number[];
  stored: boolean;
}

/** With when it came. */
export interface TakenEstimate {
  about: string;
  lines: EstimateLine[];
  prices_read: string;
  taken_at: string;
  /** US dollars; credits are below zero. */
  total: number;
}

/** With when it came. */
export interface TakenSpending {
  anomalies: string[];
  /** A month. */
  budget: number;
  components: Record<string, number>;
  /** By day and service. */
  days: Record<string, Record<string, number>>;
  end: string;
  /** Until the month ends; null: AWS has none yet. */
  forecast: number | null;
  /** By resource group. */
  groups?: Record<string, number>;
  start: string;
  taken_at: string;
}

/** With when it came. */
export interface TakenTags {
  gaps: Gap[];
  resources: number;
  taken_at: string;
}

/** With when it came. */
export interface TakenVerification {
  about: string;
  rows: Criterion[];
  taken_at: string;
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

/** What was found, and the text as it would be stored. */
export interface Tested {
  findings: Personal[];
  masked: string;
  number: number;
}

/** What it was done to. */
export type Thing = 'user' | 'team' | 'site' | 'key' | 'sign_in' | 'invitation' | 'rules' | 'share' | 'report_share' | 'visit';

/** A saved report, and how much of the board's width it takes. */
export interface Tile {
  /** The saved report's UUID. */
  saved: string;
  width?: number;
}

/** Everything that stands beside the player's time line. Of gaps nothing can be shown. */
export interface TimeLine {
  active: sightlineServerApiRecordingsSpan[];
  findings: Found[];
  gaps: sightlineServerApiRecordingsSpan[];
  marks: Mark[];
}

/** What the link carries. */
export interface Token {
  token: string;
}

/** What the SDK does: how many visits it records, where it never does, which other origins are told the visit. */
export interface Tracking {
  endpoints: string[];
  payment_pages: string[];
  replay_percent: number;
}

/** What shall change; what is left out stays as it is. */
export interface TrackingChange {
  endpoints?: string[] | null;
  payment_pages?: string[] | null;
  replay_percent?: number | null;
}

/** How wide a bucket is, on the clock and calendar of the zone. */
export type Unit = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

/** The recording that was made of an upload. */
export interface Uploaded {
  dropped: number;
  events: number;
  id: string;
}

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

/** One value of a column, with the errors and visitors that have it. */
export interface Value {
  events: number;
  value: string;
  visitors: number;
}

/** A value of a property, and how often it stands. */
export interface ValueRow {
  events: number;
  type: PropertyType;
  value: string;
  visitors: number;
}

/** Values by field. */
export interface Values {
  values: Record<string, string>;
}

/** Values by subject and field. */
export interface ValuesOfMany {
  subjects: Record<string, Record<string, string>>;
}

/** Every criterion, held against the account. */
export interface Verification {
  about: string;
  rows: Criterion[];
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
  period: sightlineServerApiTypedSpan;
  rows: VisitRow[];
}

/** One row for each vital and combination of values: how many, their percentiles, and which parts are how good.  `good`, `needs_improvement` and `poor` are parts of all values, 0 to 1; `rating` is that of p75. */
export interface Vitals {
  by: string[];
  more: boolean;
  period: sightlineServerApiTypedSpan;
  rows: (Record<string, string | number | null>)[];
}

/** Causes, those with the most values beyond good first. */
export interface VitalsCauses {
  metric: string;
  more: boolean;
  parts: string[];
  period: sightlineServerApiTypedSpan;
  rows: (Record<string, string | number | null>)[];
}

/** One row for each bucket, with its beginning in the zone; percentiles are null where nothing was measured. */
export interface VitalsSeries {
  good_up_to: number;
  metric: string;
  period: sightlineServerApiTypedSpan;
  poor_beyond: number;
  rows: (Record<string, string | number | null>)[];
  unit: Unit;
}

/** Whose signals are to go. `named` are names as the application gave them to `identify`. */
export interface Wanted {
  /** Only count what would go. */
  dry_run?: boolean;
  named?: string[];
  persons?: string[];
  visitors?: string[];
  visits?: string[];
}

/** What the warehouse does; reports answer 503 while it is building. */
export interface WarehouseStatus {
  /** The age of the oldest commit that is not in yet. */
  lag_ms: number;
  /** closed (until somebody asks), building, or open. */
  phase: string;
  /** Its place in the ledger. */
  pos: string;
  progress: number;
  /** Why it cannot follow, when it cannot. */
  reason: string;
  rows_done: number;
  rows_total: number;
  /** Bytes of the file. */
  size: number;
}

/** One row for each hour: `weekday` is 0 on Monday. */
export interface Weekly {
  period: sightlineServerApiTypedSpan;
  rows: (Record<string, number | null>)[];
}

/** The journal or an extent, the row in it, and the place in its text. */
export interface Where {
  path: string;
  row: string;
  where: string;
}

/** What counted: errors are one issue when all of this is the same for them. */
export interface Why {
  counted: string[];
  frames: string[];
  /** Whether source maps said what the frames are. */
  mapped: boolean;
  /** With <n>, <id>, <hex>, <url> and <text> for what varies. */
  message: string;
  name: string;
  sentence: string;
}

/** What would be rewritten of one kind, and how many of its texts would change. */
export interface WouldChange {
  kind: string;
  signals: number;
  texts: number;
  version: number;
}

/** Whether all conditions have to hold, or any of them. */
export type sightlineAnalyticsFiltersMatch = 'all' | 'any';

/** How conditions belong together. */
export type sightlineReplaySearchMatch = 'all' | 'any' | 'then';

/** An audit of tags. */
export interface sightlineServerApiCloudTags {
  gaps: Gap[];
  resources: number;
}

/** What was asked for; after a dry run how many signals of each kind would go, and no erasure. */
export interface sightlineServerApiErasuresAsked {
  erasure: Erasure | null;
  signals: Record<string, number>;
}

/** What a kind of signals takes of what is sealed, and what it will when nothing changes. */
export interface sightlineServerApiErasuresStorage {
  bytes: number;
  bytes_at_most: number;
  bytes_in_30_days: number;
  bytes_per_day: number;
  /** How long it is kept. */
  days: number;
  kind: string;
  rows: number;
  rows_per_day: number;
}

/** A part of an issue that can be split off; `keys` are the places and messages of single builds in it. */
export interface sightlineServerApiIssuesGroup {
  events: number;
  fingerprint: string;
  first_ms: number | null;
  keys: string[];
  last_ms: number | null;
  why: Why;
}

/** A line of source code. */
export interface sightlineServerApiIssuesLine {
  number: number;
  text: string;
}

/** How much was kept out for one reason and detail. */
export interface sightlineServerApiQuarantineGroup {
  detail: string;
  first_ms: number;
  hits: number;
  last_ms: number;
  reason: string;
  visitors: number;
}

/** The tags of a recording, in place of those that it had. */
export interface sightlineServerApiRecordingNotesTags {
  tags: string[];
}

/** A time in which somebody did something. */
export interface sightlineServerApiRecordingsSpan {
  from_ms: number;
  to_ms: number;
}

/** What all recordings take and may take. */
export interface sightlineServerApiRecordingsStorage {
  /** `recordings.budget_mb` in bytes; 0: only age counts. */
  budget: number;
  bytes: number;
  bytes_in_30_days: number;
  /** The disk of the recordings; null where they are in a bucket. */
  disk: Disk | null;
  /** Over the budget with all of it kept, or the disk has no room. */
  full: boolean;
  recordings: number;
}

/** What a shared report is asked with, as the reports themselves take it. */
export interface sightlineServerApiReportSharesAsked {
  compare?: Compare;
  compare_end?: string | null;
  compare_start?: string | null;
  end?: string | null;
  filter?: string[];
  match?: sightlineAnalyticsFiltersMatch;
  match_weekday?: boolean;
  range?: string;
  segment?: string[];
  start?: string | null;
}

/** One line. `id` names it; `fields` are what it says besides, as one flat object. */
export interface sightlineServerApiTypedLine {
  at_ms: number;
  cold: boolean;
  correlation: string;
  failed: boolean;
  fields: Record<string, unknown>;
  function: string;
  group: string;
  id: string;
  level: string;
  logger: string;
  message: string;
  request: string;
  service: string;
  source: string;
  stream: string;
  trace: string;
  visit: string;
  visitor: string;
}

/** A period of an answer. */
export interface sightlineServerApiTypedSpan {
  from_ms: number;
  to_ms: number;
  zone: string;
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
  /** What `sightline aws` found last. */
  'GET /api/v1/cloud': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Cloud;
  };
  /** Keep what `sightline aws cost estimate` found. */
  'PUT /api/v1/cloud/estimate': {
    path: undefined;
    query: undefined;
    body: Estimate;
    answer: undefined;
  };
  /** Keep what `sightline aws cost report` found. */
  'PUT /api/v1/cloud/spending': {
    path: undefined;
    query: undefined;
    body: Spending;
    answer: undefined;
  };
  /** Keep what `sightline aws tags audit` found. */
  'PUT /api/v1/cloud/tags': {
    path: undefined;
    query: undefined;
    body: sightlineServerApiCloudTags;
    answer: undefined;
  };
  /** Keep what `sightline aws verify` found. */
  'PUT /api/v1/cloud/verification': {
    path: undefined;
    query: undefined;
    body: Verification;
    answer: undefined;
  };
  /** Whether there is demo data to look at. */
  'GET /api/v1/demo': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Demo;
  };
  /** Make up visits of the example shop on past days. Its site goes like any other, with everything on it. */
  'POST /api/v1/demo': {
    path: undefined;
    query: undefined;
    body: NewVisits;
    answer: MadeUp;
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
  /** List the latest audits; older ones are forgotten. */
  'GET /api/v1/privacy/audits': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: PageStoredAudit;
  };
  /** Read again what is stored, in the background, and report what the rules in force would still mask. */
  'POST /api/v1/privacy/audits': {
    path: undefined;
    query: undefined;
    body: NewAudit;
    answer: StoredAudit;
  };
  /** List the latest ones and how far they are. */
  'GET /api/v1/privacy/remasks': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: PageRemask;
  };
  /** Rewrite in the background what older rules masked; a dry run counts what that would be. */
  'POST /api/v1/privacy/remasks': {
    path: undefined;
    query: undefined;
    body: NewRemask;
    answer: AskedRemask;
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
  /** Look for personal data in a text, line by line, with the rules in force; nothing of it is stored. */
  'POST /api/v1/privacy/rules/test': {
    path: undefined;
    query: undefined;
    body: SampleText;
    answer: Tested;
  };
  /** One rules version with everything that it says. */
  'GET /api/v1/privacy/rules/{number}': {
    path: { number: string };
    query: undefined;
    body: undefined;
    answer: Rules;
  };
  /** What one version says that another did not. */
  'GET /api/v1/privacy/rules/{number}/changes': {
    path: { number: string };
    query: { since: number };
    body: undefined;
    answer: PageDifference;
  };
  /** Say which salts exist, and when the older ones were destroyed. */
  'GET /api/v1/privacy/salts': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: PageSalt;
  };
  /** Which recording a link shows. */
  'GET /api/v1/recordings/shared/{token}': {
    path: { token: string };
    query: undefined;
    body: undefined;
    answer: Seen;
  };
  /** The events of the recording that a link shows, as the recording's own route has them. */
  'GET /api/v1/recordings/shared/{token}/events': {
    path: { token: string };
    query: { from?: number; to?: number; place?: number | null };
    body: undefined;
    answer: undefined;
  };
  /** What stands beside the time line of the recording that a link shows. */
  'GET /api/v1/recordings/shared/{token}/marks': {
    path: { token: string };
    query: undefined;
    body: undefined;
    answer: TimeLine;
  };
  /** What the recordings of all sites take, and what they will when nothing changes. */
  'GET /api/v1/recordings/storage': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: sightlineServerApiRecordingsStorage;
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
  /** The notes beside a shared report that are for everybody: all of them, in one page. */
  'GET /api/v1/shared/annotations': {
    path: undefined;
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageAnnotation;
  };
  /** Open a link. Every time is noted, and wrong passwords slow down further ones. */
  'POST /api/v1/shared/open': {
    path: undefined;
    query: undefined;
    body: Opening;
    answer: OpenedReport;
  };
  /** Metrics for each value of a dimension, or each combination of several. */
  'GET /api/v1/shared/reports/breakdown': {
    path: undefined;
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; by: string[]; metric?: string[]; order?: string | null; search?: string | null; limit?: number; offset?: number };
    body: undefined;
    answer: Breakdown;
  };
  /** All metrics of a period, beside those of the period before. */
  'GET /api/v1/shared/reports/overview': {
    path: undefined;
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; compare?: Compare; compare_start?: string | null; compare_end?: string | null; match_weekday?: boolean };
    body: undefined;
    answer: Overview;
  };
  /** Metrics over time, in buckets of the site's clock and calendar. */
  'GET /api/v1/shared/reports/series': {
    path: undefined;
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; compare?: Compare; compare_start?: string | null; compare_end?: string | null; match_weekday?: boolean; unit?: Unit | null; metric?: string[] };
    body: undefined;
    answer: Series;
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
  /** List a site's annotations that the caller sees, the latest first: all that lie in the period, in one page. */
  'GET /api/v1/sites/{site}/annotations': {
    path: { site: string };
    query: { since?: string | null; until?: string | null; limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageAnnotation;
  };
  /** Write one. */
  'POST /api/v1/sites/{site}/annotations': {
    path: { site: string };
    query: undefined;
    body: NewAnnotation;
    answer: Annotation;
  };
  /** Remove one. */
  'DELETE /api/v1/sites/{site}/annotations/{annotation}': {
    path: { site: string; annotation: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Replace one. */
  'PUT /api/v1/sites/{site}/annotations/{annotation}': {
    path: { site: string; annotation: string };
    query: undefined;
    body: NewAnnotation;
    answer: Annotation;
  };
  /** List the boards of a site; there are few, so there is one page. */
  'GET /api/v1/sites/{site}/boards': {
    path: { site: string };
    query: undefined;
    body: undefined;
    answer: PageBoard;
  };
  /** Make a board. */
  'POST /api/v1/sites/{site}/boards': {
    path: { site: string };
    query: undefined;
    body: NewBoard;
    answer: Board;
  };
  /** Remove a board; the saved reports on it stay. */
  'DELETE /api/v1/sites/{site}/boards/{board}': {
    path: { site: string; board: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** One board. */
  'GET /api/v1/sites/{site}/boards/{board}': {
    path: { site: string; board: string };
    query: undefined;
    body: undefined;
    answer: Board;
  };
  /** Replace a board. */
  'PUT /api/v1/sites/{site}/boards/{board}': {
    path: { site: string; board: string };
    query: undefined;
    body: NewBoard;
    answer: Board;
  };
  /** Fetch a page of the site, and name what keeps its visits away. */
  'POST /api/v1/sites/{site}/check': {
    path: { site: string };
    query: undefined;
    body: PageToCheck;
    answer: Checked;
  };
  /** List what was erased on this site, the latest first, and how far it is. */
  'GET /api/v1/sites/{site}/erasures': {
    path: { site: string };
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageErasure;
  };
  /** Erase what some visitors, visits or persons left: at once for readers, in every store in the background. */
  'POST /api/v1/sites/{site}/erasures': {
    path: { site: string };
    query: undefined;
    body: Wanted;
    answer: sightlineServerApiErasuresAsked;
  };
  /** Write every stored row of a kind, as it is stored, each once. */
  'GET /api/v1/sites/{site}/export': {
    path: { site: string };
    query: { kind?: string; format?: Format; range?: string; start?: string | null; end?: string | null };
    body: undefined;
    answer: undefined;
  };
  /** List issues, those with the latest errors first. */
  'GET /api/v1/sites/{site}/issues': {
    path: { site: string };
    query: { status?: Status | null; regressed?: boolean | null; assignee?: string | null; search?: string | null; release?: string | null; order?: Order; limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageListed;
  };
  /** Resolve, ignore, open again or assign some issues; return them. */
  'POST /api/v1/sites/{site}/issues': {
    path: { site: string };
    query: undefined;
    body: Decision;
    answer: PageIssue;
  };
  /** Let some issues be one with another, whose status and assignee stay. */
  'POST /api/v1/sites/{site}/issues/merge': {
    path: { site: string };
    query: undefined;
    body: Merge;
    answer: Issue;
  };
  /** Work out anew which errors are one, with the maps that are here by now; what was decided stays. */
  'POST /api/v1/sites/{site}/issues/regroup': {
    path: { site: string };
    query: undefined;
    body: undefined;
    answer: Regrouped;
  };
  /** One issue: why its errors are one, when and where they were seen. */
  'GET /api/v1/sites/{site}/issues/{issue}': {
    path: { site: string; issue: string };
    query: undefined;
    body: undefined;
    answer: Detail;
  };
  /** List the errors of an issue one by one, the latest first, with their stacks as the source maps read them. */
  'GET /api/v1/sites/{site}/issues/{issue}/occurrences': {
    path: { site: string; issue: string };
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageOccurrence;
  };
  /** Take groups or keys out of an issue; return the issue that they are now. */
  'POST /api/v1/sites/{site}/issues/{issue}/split': {
    path: { site: string; issue: string };
    query: undefined;
    body: Split;
    answer: Issue;
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
  /** Write the lines that a query takes, the latest first, at most a million. */
  'GET /api/v1/sites/{site}/logs/export': {
    path: { site: string };
    query: { q?: string; range?: string; start?: string | null; end?: string | null; format?: ExportFormat };
    body: undefined;
    answer: undefined;
  };
  /** Follow the lines that a query takes, as server-sent events.  `line` is one line as a search shows it; `dropped` says how many lines were not looked at since this listener was too slow. The id of an event is where to go on; a stream ends after 15 minutes. */
  'GET /api/v1/sites/{site}/logs/tail': {
    path: { site: string };
    query: { q?: string; seconds?: number };
    body: undefined;
    answer: undefined;
  };
  /** List what is taken for noise, so that it makes no issue, and how much of it came: one page. */
  'GET /api/v1/sites/{site}/noise': {
    path: { site: string };
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageNoiseRule;
  };
  /** Say what a site takes for noise; errors that are stored are judged anew, too. */
  'PUT /api/v1/sites/{site}/noise': {
    path: { site: string };
    query: undefined;
    body: NoiseChange;
    answer: Changed;
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
  /** List the saved searches of a site, by name: one page. */
  'GET /api/v1/sites/{site}/recording-searches': {
    path: { site: string };
    query: undefined;
    body: undefined;
    answer: PageRecordingSearch;
  };
  /** Save a search under a name. */
  'POST /api/v1/sites/{site}/recording-searches': {
    path: { site: string };
    query: undefined;
    body: NewRecordingSearch;
    answer: RecordingSearch;
  };
  /** Delete a saved search. */
  'DELETE /api/v1/sites/{site}/recording-searches/{search}': {
    path: { site: string; search: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** List recordings, the last first. A page may hold fewer than there are, if finding more takes too long. */
  'GET /api/v1/sites/{site}/recordings': {
    path: { site: string };
    query: { state?: 'open' | 'sealed'; limit?: number; cursor?: string | null; since?: number | null; until?: number | null; finding?: string | null; page?: string | null; where?: string[]; match?: sightlineReplaySearchMatch; visit?: string | null; tag?: string | null; errors?: boolean; failed?: boolean; kept?: boolean; order?: Sorting; range?: string | null; start?: string | null; end?: string | null; filter?: string[]; filter_match?: sightlineAnalyticsFiltersMatch; segment?: string[] };
    body: undefined;
    answer: PageRecording;
  };
  /** Take a recording from elsewhere: it is masked by the site's rules, as everything is. */
  'POST /api/v1/sites/{site}/recordings': {
    path: { site: string };
    query: undefined;
    body: (Record<string, unknown>)[];
    answer: Uploaded;
  };
  /** Delete a sealed recording for good; with the last one of a visit its key is destroyed. */
  'DELETE /api/v1/sites/{site}/recordings/{recording}': {
    path: { site: string; recording: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** One recording. */
  'GET /api/v1/sites/{site}/recordings/{recording}': {
    path: { site: string; recording: string };
    query: undefined;
    body: undefined;
    answer: Recording;
  };
  /** The events for a time: from the last full snapshot before it on, so that a player needs nothing else.  `next` is the moment to ask for next, 0 at the end; `place` is where to go on without a word twice. `gaps` are times that cannot be shown. Of a recording that is under way `last` is what to ask `after`, and `chunks` counts all that have come: whoever has fewer begins anew. */
  'GET /api/v1/sites/{site}/recordings/{recording}/events': {
    path: { site: string; recording: string };
    query: { from?: number; to?: number; place?: number | null; after?: number };
    body: undefined;
    answer: undefined;
  };
  /** The whole recording as a JSON array of rrweb events, for `@rrweb/replay` or another installation. */
  'GET /api/v1/sites/{site}/recordings/{recording}/export': {
    path: { site: string; recording: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Keep a sealed recording past its retention, or no longer. */
  'PUT /api/v1/sites/{site}/recordings/{recording}/keep': {
    path: { site: string; recording: string };
    query: undefined;
    body: Keep;
    answer: Recording;
  };
  /** What the backend wrote for a recording's visit: lines that name the visit, and those of the same traces. */
  'GET /api/v1/sites/{site}/recordings/{recording}/logs': {
    path: { site: string; recording: string };
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: LinesOfVisit;
  };
  /** Pages, clicks, inputs, errors and requests, what the rules find, and when somebody was active. */
  'GET /api/v1/sites/{site}/recordings/{recording}/marks': {
    path: { site: string; recording: string };
    query: undefined;
    body: undefined;
    answer: TimeLine;
  };
  /** The recordings that a search has before and after this one. */
  'GET /api/v1/sites/{site}/recordings/{recording}/neighbours': {
    path: { site: string; recording: string };
    query: { since?: number | null; until?: number | null; finding?: string | null; page?: string | null; where?: string[]; match?: sightlineReplaySearchMatch; visit?: string | null; tag?: string | null; errors?: boolean; failed?: boolean; kept?: boolean; order?: Sorting; range?: string | null; start?: string | null; end?: string | null; filter?: string[]; filter_match?: sightlineAnalyticsFiltersMatch; segment?: string[] };
    body: undefined;
    answer: Neighbours;
  };
  /** List the notes beside a recording, in the order of its time. */
  'GET /api/v1/sites/{site}/recordings/{recording}/notes': {
    path: { site: string; recording: string };
    query: undefined;
    body: undefined;
    answer: PageNote;
  };
  /** Write a note at a moment of a sealed recording. */
  'POST /api/v1/sites/{site}/recordings/{recording}/notes': {
    path: { site: string; recording: string };
    query: undefined;
    body: NewNote;
    answer: Note;
  };
  /** Take a note away. */
  'DELETE /api/v1/sites/{site}/recordings/{recording}/notes/{note}': {
    path: { site: string; recording: string; note: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** The console and the requests of a recording, and what was measured in its visit. */
  'GET /api/v1/sites/{site}/recordings/{recording}/panes': {
    path: { site: string; recording: string };
    query: undefined;
    body: undefined;
    answer: Panes;
  };
  /** Make a link to a sealed recording; who has it sees that recording and nothing else. */
  'POST /api/v1/sites/{site}/recordings/{recording}/share': {
    path: { site: string; recording: string };
    query: undefined;
    body: NewShare;
    answer: Shared;
  };
  /** Exchange the tags of a sealed recording. */
  'PUT /api/v1/sites/{site}/recordings/{recording}/tags': {
    path: { site: string; recording: string };
    query: undefined;
    body: sightlineServerApiRecordingNotesTags;
    answer: TagsOutput;
  };
  /** List the releases that errors or source maps named, the latest first. */
  'GET /api/v1/sites/{site}/releases': {
    path: { site: string };
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageRelease;
  };
  /** List the links to reports of a site, with how often they were opened. */
  'GET /api/v1/sites/{site}/report-shares': {
    path: { site: string };
    query: { limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageShareOfReport;
  };
  /** Share a report as it is asked for now; what it shows, and until when, is held by the server. */
  'POST /api/v1/sites/{site}/report-shares': {
    path: { site: string };
    query: undefined;
    body: NewShareOfReport;
    answer: ShareOfReport;
  };
  /** Take a link back: whoever has it sees nothing from now on. */
  'DELETE /api/v1/sites/{site}/report-shares/{share}': {
    path: { site: string; share: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Events one by one, the latest first; of a visit or visitor if wanted. */
  'GET /api/v1/sites/{site}/reports/activity': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; visitor?: string | null; limit?: number; cursor?: string | null; visit?: string | null; format?: Format | null };
    body: undefined;
    answer: Activity;
  };
  /** Which sources brought those who reached a goal. */
  'GET /api/v1/sites/{site}/reports/attribution': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; goal: string; model?: Model; by?: string; limit?: number; format?: Format | null };
    body: undefined;
    answer: Attribution;
  };
  /** Metrics for each value of a dimension, or each combination of several. */
  'GET /api/v1/sites/{site}/reports/breakdown': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; by: string[]; metric?: string[]; order?: string | null; search?: string | null; limit?: number; offset?: number; format?: Format | null };
    body: undefined;
    answer: Breakdown;
  };
  /** What UTM parameters and click ids brought. */
  'GET /api/v1/sites/{site}/reports/campaigns': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; limit?: number; format?: Format | null };
    body: undefined;
    answer: Campaigns;
  };
  /** The pages of the web application that called a function. */
  'GET /api/v1/sites/{site}/reports/function-pages': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; service?: string | null; function?: string | null; limit?: number; format?: Format | null };
    body: undefined;
    answer: FunctionPages;
  };
  /** Functions: invocations, durations, errors, cold starts, memory, cost. */
  'GET /api/v1/sites/{site}/reports/functions': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; service?: string | null; function?: string | null; limit?: number; format?: Format | null };
    body: undefined;
    answer: Functions;
  };
  /** Invocations over time. */
  'GET /api/v1/sites/{site}/reports/functions-series': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; service?: string | null; function?: string | null; unit?: Unit | null; format?: Format | null };
    body: undefined;
    answer: FunctionsSeries;
  };
  /** How many visitors took each of some steps in their order. */
  'GET /api/v1/sites/{site}/reports/funnel': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; step: string[]; window_minutes?: number; format?: Format | null };
    body: undefined;
    answer: Funnel;
  };
  /** Who took a step of a funnel and not the next, visit by visit. */
  'GET /api/v1/sites/{site}/reports/funnel-drops': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; step: string[]; window_minutes?: number; after?: number; limit?: number; format?: Format | null };
    body: undefined;
    answer: Drops;
  };
  /** How many visitors reached each goal. */
  'GET /api/v1/sites/{site}/reports/goals': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; goal: string[]; format?: Format | null };
    body: undefined;
    answer: Goals;
  };
  /** Invocations one by one: the latest, the slowest or the failing ones. */
  'GET /api/v1/sites/{site}/reports/invocations': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; service?: string | null; function?: string | null; order?: 'latest' | 'slowest'; failed?: boolean; cold?: boolean; limit?: number; cursor?: string | null; format?: Format | null };
    body: undefined;
    answer: Invocations;
  };
  /** What visits begin with, step by step. */
  'GET /api/v1/sites/{site}/reports/journeys': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; steps?: number; first?: string | null; last?: string | null; limit?: number; format?: Format | null };
    body: undefined;
    answer: Journeys;
  };
  /** Lines of a site's backend, found by a query, the latest first. */
  'GET /api/v1/sites/{site}/reports/logs': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; q?: string; limit?: number; cursor?: string | null; format?: Format | null };
    body: undefined;
    answer: Logs;
  };
  /** The lines of the same stream before and after one line. */
  'GET /api/v1/sites/{site}/reports/logs-around': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; line: string; count?: number; format?: Format | null };
    body: undefined;
    answer: LogsAround;
  };
  /** The values that lines have most, and the fields that they have. */
  'GET /api/v1/sites/{site}/reports/logs-facets': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; q?: string; limit?: number; format?: Format | null };
    body: undefined;
    answer: LogsFacets;
  };
  /** How many lines there were over time, by level. */
  'GET /api/v1/sites/{site}/reports/logs-histogram': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; q?: string; unit?: Unit | null; format?: Format | null };
    body: undefined;
    answer: LogsHistogram;
  };
  /** All metrics of a period, beside those of the period before. */
  'GET /api/v1/sites/{site}/reports/overview': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; compare?: Compare; compare_start?: string | null; compare_end?: string | null; match_weekday?: boolean; format?: Format | null };
    body: undefined;
    answer: Overview;
  };
  /** Which properties custom events have. */
  'GET /api/v1/sites/{site}/reports/properties': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; event?: string | null; format?: Format | null };
    body: undefined;
    answer: Properties;
  };
  /** The values of one property, with statistics of its numbers. */
  'GET /api/v1/sites/{site}/reports/property-values': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; event?: string | null; key: string; limit?: number; format?: Format | null };
    body: undefined;
    answer: PropertyValues;
  };
  /** The last half hour. */
  'GET /api/v1/sites/{site}/reports/realtime': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; limit?: number; format?: Format | null };
    body: undefined;
    answer: Realtime;
  };
  /** How many of those who came for the first time came back. */
  'GET /api/v1/sites/{site}/reports/retention': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; unit?: 'day' | 'week' | 'month'; format?: Format | null };
    body: undefined;
    answer: RetentionTable;
  };
  /** Money by currency, by a dimension or over time. */
  'GET /api/v1/sites/{site}/reports/revenue': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; by?: string | null; unit?: Unit | null; limit?: number; format?: Format | null };
    body: undefined;
    answer: Revenue;
  };
  /** Metrics over time, in buckets of the site's clock and calendar. */
  'GET /api/v1/sites/{site}/reports/series': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; compare?: Compare; compare_start?: string | null; compare_end?: string | null; match_weekday?: boolean; unit?: Unit | null; metric?: string[]; format?: Format | null };
    body: undefined;
    answer: Series;
  };
  /** One visitor. */
  'GET /api/v1/sites/{site}/reports/visitor': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; visitor: string; format?: Format | null };
    body: undefined;
    answer: Visitor;
  };
  /** Visits one by one, the latest first. */
  'GET /api/v1/sites/{site}/reports/visits': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; visitor?: string | null; limit?: number; cursor?: string | null; format?: Format | null };
    body: undefined;
    answer: Visits;
  };
  /** Web Vitals: percentiles and ratings, by page, device, country, release … */
  'GET /api/v1/sites/{site}/reports/vitals': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; metric?: string[]; by?: string[]; order?: 'count' | 'p75' | 'poor'; search?: string | null; least?: number; limit?: number; offset?: number; format?: Format | null };
    body: undefined;
    answer: Vitals;
  };
  /** What one Web Vital is spent on, by the element that is to blame. */
  'GET /api/v1/sites/{site}/reports/vitals-causes': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; metric?: string; by?: 'element' | 'script' | 'url' | 'event'; path?: string | null; limit?: number; format?: Format | null };
    body: undefined;
    answer: VitalsCauses;
  };
  /** One Web Vital over time. */
  'GET /api/v1/sites/{site}/reports/vitals-series': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; metric?: string; unit?: Unit | null; format?: Format | null };
    body: undefined;
    answer: VitalsSeries;
  };
  /** Metrics for each hour of the week. */
  'GET /api/v1/sites/{site}/reports/weekly': {
    path: { site: string };
    query: { range?: string; start?: string | null; end?: string | null; zone?: string | null; filter?: string[]; match?: sightlineAnalyticsFiltersMatch; segment?: string[]; exclude_bounces?: boolean; metric?: string[]; format?: Format | null };
    body: undefined;
    answer: Weekly;
  };
  /** Erase everything that was collected until now; the site and its settings stay. */
  'POST /api/v1/sites/{site}/reset': {
    path: { site: string };
    query: undefined;
    body: undefined;
    answer: Erasure;
  };
  /** Say how long each kind of data is kept; what is older is erased in the background. */
  'PUT /api/v1/sites/{site}/retention': {
    path: { site: string };
    query: undefined;
    body: RetentionChange;
    answer: Site;
  };
  /** List a site's saved reports; there are few, so there is one page. */
  'GET /api/v1/sites/{site}/saved-reports': {
    path: { site: string };
    query: { report?: string | null };
    body: undefined;
    answer: PageReport;
  };
  /** Save a report. */
  'POST /api/v1/sites/{site}/saved-reports': {
    path: { site: string };
    query: undefined;
    body: NewReport;
    answer: Report;
  };
  /** Remove a saved report; boards that show it leave its place empty. */
  'DELETE /api/v1/sites/{site}/saved-reports/{saved}': {
    path: { site: string; saved: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Replace a saved report. */
  'PUT /api/v1/sites/{site}/saved-reports/{saved}': {
    path: { site: string; saved: string };
    query: undefined;
    body: NewReport;
    answer: Report;
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
  /** What the site puts into its pages; `path` is what a server of the site's own passes on. */
  'GET /api/v1/sites/{site}/snippet': {
    path: { site: string };
    query: undefined;
    body: undefined;
    answer: Snippet;
  };
  /** Remove the maps of a release, or one of them. */
  'DELETE /api/v1/sites/{site}/sourcemaps': {
    path: { site: string };
    query: { release: string; file?: string | null };
    body: undefined;
    answer: Removed;
  };
  /** List the source maps, by release and file. */
  'GET /api/v1/sites/{site}/sourcemaps': {
    path: { site: string };
    query: { release?: string | null; limit?: number; cursor?: string | null };
    body: undefined;
    answer: PageSourceMap;
  };
  /** Store a map whose content is here; otherwise say which parts are to be sent before this is asked again. */
  'PUT /api/v1/sites/{site}/sourcemaps': {
    path: { site: string };
    query: undefined;
    body: NewMap;
    answer: Taken;
  };
  /** Send a part: the bytes of the gzip of a map, 512 kB at most. */
  'PUT /api/v1/sites/{site}/sourcemaps/parts/{sha256}/{part}': {
    path: { site: string; sha256: string; part: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** What each kind takes, by what its last sealed days took; a day is sealed soon after it ends (UTC).  `recording` is what recordings take in the object store; `chunk` what is kept of them while they run. */
  'GET /api/v1/sites/{site}/storage': {
    path: { site: string };
    query: undefined;
    body: undefined;
    answer: PageStorage;
  };
  /** What the SDK does on the site. */
  'GET /api/v1/sites/{site}/tracking': {
    path: { site: string };
    query: undefined;
    body: undefined;
    answer: Tracking;
  };
  /** Say what the SDK does on the site; pages hear of it with their next batch. */
  'PUT /api/v1/sites/{site}/tracking': {
    path: { site: string };
    query: undefined;
    body: TrackingChange;
    answer: Tracking;
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
  /** Read the vault's audit, the latest first; that it was read is a row of it. */
  'GET /api/v1/vault/{team}/audit': {
    path: { team: string };
    query: { subject?: string | null; operation?: string | null; success?: boolean | null; before?: number | null };
    body: undefined;
    answer: AuditPage;
  };
  /** Hold a part of the audit against its seals and their copies; that it was verified is a row of it. */
  'POST /api/v1/vault/{team}/audit/verify': {
    path: { team: string };
    query: undefined;
    body: AuditPart;
    answer: AuditVerified;
  };
  /** The proof that a row is in its seal, for somebody who has only the seal. */
  'GET /api/v1/vault/{team}/audit/{row}/proof': {
    path: { team: string; row: string };
    query: undefined;
    body: undefined;
    answer: Record<string, unknown>;
  };
  /** List the fields that can be kept, and the purposes for which they may be read. */
  'GET /api/v1/vault/{team}/fields': {
    path: { team: string };
    query: undefined;
    body: undefined;
    answer: FieldsOfVault;
  };
  /** Read values of several subjects; those that are not there are left out. */
  'POST /api/v1/vault/{team}/read': {
    path: { team: string };
    query: undefined;
    body: ReadingMany;
    answer: ValuesOfMany;
  };
  /** List the receipts of everybody who was erased, the latest first. */
  'GET /api/v1/vault/{team}/receipts': {
    path: { team: string };
    query: { before?: string | null; limit?: number };
    body: undefined;
    answer: ErasureReceipts;
  };
  /** List what persons asked for. */
  'GET /api/v1/vault/{team}/requests': {
    path: { team: string };
    query: { only_open?: boolean };
    body: undefined;
    answer: PersonRequests;
  };
  /** Answer that it is not done, and why. */
  'POST /api/v1/vault/{team}/requests/{number}/deny': {
    path: { team: string; number: string };
    query: undefined;
    body: Denial;
    answer: PersonRequest;
  };
  /** Take as much longer as the law lets one, once; the person has to be told so, and why. */
  'POST /api/v1/vault/{team}/requests/{number}/extend': {
    path: { team: string; number: string };
    query: undefined;
    body: undefined;
    answer: PersonRequest;
  };
  /** List the rotations, the latest first, with how far they are. */
  'GET /api/v1/vault/{team}/rotations': {
    path: { team: string };
    query: undefined;
    body: undefined;
    answer: RotationRuns;
  };
  /** Begin to make a key anew and to take every value to it, in the background; or count what it would take. */
  'POST /api/v1/vault/{team}/rotations': {
    path: { team: string };
    query: undefined;
    body: NewRotation;
    answer: RotationBegun;
  };
  /** Begin to take the latest rotation back, also in the middle of it. What was destroyed stays destroyed. */
  'POST /api/v1/vault/{team}/rotations/{key_type}/roll-back': {
    path: { team: string; key_type: string };
    query: undefined;
    body: undefined;
    answer: RotationRun;
  };
  /** Find subjects by a value, whatever way it is written; they are shown masked. */
  'POST /api/v1/vault/{team}/search': {
    path: { team: string };
    query: undefined;
    body: Search;
    answer: FoundSubjects;
  };
  /** List subjects, masked. */
  'GET /api/v1/vault/{team}/subjects': {
    path: { team: string };
    query: { after?: string | null; limit?: number };
    body: undefined;
    answer: SubjectPage;
  };
  /** Keep persons' data: all that are given, or none. */
  'POST /api/v1/vault/{team}/subjects': {
    path: { team: string };
    query: undefined;
    body: NewSubjects;
    answer: SubjectIds;
  };
  /** One subject, masked. */
  'GET /api/v1/vault/{team}/subjects/{subject}': {
    path: { team: string; subject: string };
    query: undefined;
    body: undefined;
    answer: MaskedSubject;
  };
  /** Change values of a subject. */
  'PATCH /api/v1/vault/{team}/subjects/{subject}': {
    path: { team: string; subject: string };
    query: undefined;
    body: Changes;
    answer: undefined;
  };
  /** Erase a subject from the vault and the signals, for good; the answer is the signed receipt. */
  'POST /api/v1/vault/{team}/subjects/{subject}/erase': {
    path: { team: string; subject: string };
    query: undefined;
    body: AskedUnder;
    answer: Record<string, unknown>;
  };
  /** Everything that is kept of a subject, for them; under CCPA what must not be disclosed is only named. */
  'POST /api/v1/vault/{team}/subjects/{subject}/export': {
    path: { team: string; subject: string };
    query: undefined;
    body: AskedUnder;
    answer: Record<string, unknown>;
  };
  /** Say by which name `identify` knows this subject, so that an erasure takes the person's signals, too. */
  'POST /api/v1/vault/{team}/subjects/{subject}/persons': {
    path: { team: string; subject: string };
    query: undefined;
    body: PersonName;
    answer: undefined;
  };
  /** Read values for a purpose; the row of the audit is written first. */
  'POST /api/v1/vault/{team}/subjects/{subject}/read': {
    path: { team: string; subject: string };
    query: undefined;
    body: Reading;
    answer: Values;
  };
  /** The receipt of a subject who was erased. */
  'GET /api/v1/vault/{team}/subjects/{subject}/receipt': {
    path: { team: string; subject: string };
    query: undefined;
    body: undefined;
    answer: Record<string, unknown>;
  };
  /** Note that a person asks for something: from now on the time for the answer runs. */
  'POST /api/v1/vault/{team}/subjects/{subject}/requests': {
    path: { team: string; subject: string };
    query: undefined;
    body: NewRequest;
    answer: PersonRequest;
  };
  /** Keep a subject's values from being read (GDPR article 18), or let them be read again. */
  'PUT /api/v1/vault/{team}/subjects/{subject}/restriction': {
    path: { team: string; subject: string };
    query: undefined;
    body: Restriction;
    answer: undefined;
  };
  /** How far it is. */
  'GET /api/v1/warehouse': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: WarehouseStatus;
  };
  /** Make the file anew from extents and journal; collecting goes on meanwhile. */
  'POST /api/v1/warehouse/rebuild': {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: WarehouseStatus;
  };
}
