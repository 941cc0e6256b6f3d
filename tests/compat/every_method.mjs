// Calls every method of @umami/api-client once against a running server and prints what came of each, as JSON.
import { UmamiClient, operations, isUmamiApiError } from '@umami/api-client';

const baseUrl = `${process.env.URL}/api`;
const username = 'ada@example.com';
const results = {};

async function run(umami, name, input) {
  try {
    results[name] = { ok: await umami[name](input) };
  } catch (error) {
    if (!isUmamiApiError(error)) throw error;
    results[name] = { status: error.status, code: error.code, message: error.message };
  }
  return results[name].ok;
}

const nobody = new UmamiClient({ baseUrl });
const { token } = await run(nobody, 'login', { username, password: process.env.PASSWORD });
const ada = new UmamiClient({ baseUrl, token });
const call = (name, input) => run(ada, name, input);

await call('verify');
await call('getMe');
await call('sso');
await call('getSubscription', {});
await call('getTwoFactorStatus');
for (const name of ['initiateTwoFactorSetup', 'cancelTwoFactorSetup']) await call(name);
await call('confirmTwoFactorSetup', { token: '1' });
await call('disableTwoFactor', { password: 'x', token: '1' });
await call('verifyTwoFactor', { token: '1' });
await call('getMyTeams', {});
await call('getMyWebsites', {});
const key = await call('createMyApiKey', { name: 'robot' });
await call('getMyApiKeys');

// ---- teams and users
const [team] = await call('createTeam', { name: 'Rockets' });
const user = await call('createUser', { username: 'bob', password: 'five old cats nap', role: 'user' });
await call('getUser', { userId: user.id });
await call('updateUser', { userId: user.id, role: 'view-only' });
const { token: bobs } = await nobody.login({ username: 'bob', password: 'five old cats nap' });
const bob = new UmamiClient({ baseUrl, token: bobs });
await run(bob, 'joinTeam', { accessCode: team.accessCode });
await call('getTeams', {});
await call('getTeam', { teamId: team.id });
await call('updateTeam', { teamId: team.id, name: 'Rockets and more' });
await call('getTeamUsers', { teamId: team.id });
await call('getTeamUser', { teamId: team.id, userId: user.id });
await call('updateTeamUser', { teamId: team.id, userId: user.id, role: 'team-view-only' });
await call('deleteTeamUser', { teamId: team.id, userId: user.id });
await call('createTeamUser', { teamId: team.id, userId: user.id, role: 'team-member' });
await call('getUserTeams', { userId: user.id });
await call('getUserWebsites', { userId: user.id });

// ---- websites, and something to see on them
const { id: websiteId } = await call('createWebsite', { name: 'Shop', domain: 'shop.example', teamId: team.id });
const spare = await ada.createWebsite({ name: 'Spare', domain: 'spare.example', teamId: team.id });
await call('listWebsites', {});
await call('getWebsite', { websiteId });
await call('updateWebsite', { websiteId, name: 'The shop' });
await call('getTeamWebsites', { teamId: team.id });
const agent = { 'user-agent': process.env.AGENT };
const hit = { website: websiteId, hostname: 'shop.example', language: 'en', url: '/' };
const client = new UmamiClient({ baseUrl, headers: agent });
const sent = await run(client, 'send', { type: 'event', payload: hit });
const data = { plan: 'pro', seats: 3, when: '2026-01-02', tags: ['a', 'b'], revenue: 12, currency: 'EUR' };
await run(client, 'batch', [
  { type: 'event', payload: { ...hit, url: '/pricing?utm_source=news' } },
  { type: 'event', payload: { ...hit, url: '/pricing', name: 'buy', data } },
  { type: 'identify', payload: { ...hit, data: { tier: 'gold', age: 40, since: '2026-01-02', likes: ['x'] } } },
]);
await call('record', { type: 'record', payload: { website: websiteId, events: [] } });
const range = { startAt: Date.now() - 86400000, endAt: Date.now() + 60000 };
const about = { websiteId, ...range };
const zone = { timezone: 'Asia/Kolkata', unit: 'hour' };

await call('getWebsiteStats', { ...about, compare: 'yoy' });
await call('getWebsitePageviews', { ...about, ...zone, compare: 'prev' });
await call('getWebsiteMetrics', { ...about, type: 'path' });
await call('getWebsiteExpandedMetrics', { ...about, type: 'browser' });
await call('getWebsiteActive', { websiteId });
await call('getWebsiteValues', { ...about, type: 'country' });
await call('getWebsiteDateRange', { websiteId });
await call('getWebsitesCharts', { ids: websiteId, ...range });
await call('getRealtime', { websiteId });
await call('exportWebsite', about);
await call('getWebsiteEvents', about);
await call('getWebsiteEventSeries', { ...about, ...zone });
await call('getWebsiteEventStats', about);
const events = (await call('getEventData', about)).data;
await call('getEventDataById', { websiteId, eventId: events[0].eventId });
for (const name of ['Events', 'Fields', 'Properties', 'Stats', 'Pivot']) await call(`getEventData${name}`, about);
const of = (propertyName, more = {}) => ({ ...about, eventName: 'buy', propertyName, ...more });
await call('getEventDataValues', of('plan'));
await call('getEventDataPropertySeries', of('plan', zone));
await call('getEventDataArraySeries', of('tags', zone));
await call('getEventDataDateSeries', of('when', zone));
await call('getEventDataNumericSeries', of('seats', { ...zone, metric: 'sum' }));
await call('getEventDataNumericStats', of('seats'));
await call('getWebsiteSessions', about);
await call('getWebsiteSessionStats', about);
await call('getWebsiteSessionsWeekly', { ...about, timezone: 'Asia/Kolkata' });
const session = { websiteId, sessionId: sent.sessionId };
await call('getWebsiteSession', session);
await call('getWebsiteSessionActivity', { ...session, ...range });
await call('getWebsiteSessionProperties', session);
await call('getWebsiteSessionReplays', { ...session, ...range });
await call('getSessionDataProperties', about);
await call('getSessionDataValues', of('tier'));
await call('getSessionDataStats', of('tier'));
await call('getSessionDataPivot', about);
await call('getSessionDataPropertySeries', of('tier', zone));
await call('getSessionDataArraySeries', of('likes', zone));
await call('getSessionDataDateSeries', of('since', zone));
await call('getSessionDataNumericSeries', of('age', { ...zone, metric: 'sum' }));
await call('getSessionDataNumericStats', of('age', zone));
await call('getWebsiteRevenueStats', { ...about, currency: 'EUR' });
await call('getWebsiteRevenueChart', { ...about, ...zone, currency: 'EUR' });
await call('getWebsiteRevenueMetrics', { ...about, currency: 'EUR', type: 'country' });
await call('getWebsiteRevenueSessions', { ...about, currency: 'EUR' });
await call('getWebsiteUtmMetrics', { ...about, type: 'utm_source' });
await call('getWebsiteJourneys', { ...about, steps: 3 });
await call('getWebsiteRetention', { ...about, timezone: 'UTC' });
await call('getWebsiteBreakdown', { ...about, fields: 'path,browser' });
await call('getWebsiteAttribution', { ...about, model: 'first-click', type: 'event', step: 'buy' });
for (const name of ['Stats', 'Chart', 'Metrics'])
  await call(`getWebsitePerformance${name}`, { ...about, ...zone, metric: 'lcp', type: 'path' });
await call('getWebsiteHeatmaps', { ...about, mode: 'click' });
await call('getWebsiteRecorderConfig', { websiteId });
await call('getWebsiteReplays', about);
await call('getWebsiteSavedReplays', { websiteId });
for (const name of ['getWebsiteReplay', 'getWebsiteReplaySaved']) await call(name, { websiteId, replayId: websiteId });
await call('saveWebsiteReplay', { websiteId, replayId: websiteId, isSaved: true });

// ---- what is saved with a website
const steps = [{ type: 'path', value: '/' }, { type: 'event', value: 'buy' }];
await call('getWebsiteFunnelStats', { ...about, window: 60, steps: JSON.stringify(steps) });
await call('getWebsiteGoalStats', { ...about, type: 'event', value: 'buy' });
for (const [kind, parameters] of [['Funnel', { steps, window: 60 }], ['Goal', { type: 'event', value: 'buy' }]]) {
  const part = `${kind.toLowerCase()}Id`;
  const made = await call(`createWebsite${kind}`, { websiteId, name: kind, parameters });
  await call(`getWebsite${kind}s`, { websiteId });
  await call(`getWebsite${kind}`, { websiteId, [part]: made.id });
  await call(`updateWebsite${kind}`, { websiteId, [part]: made.id, name: `${kind} 2`, parameters });
  await call(`getWebsiteSaved${kind}Stats`, { ...about, [part]: made.id });
  await call(`deleteWebsite${kind}`, { websiteId, [part]: made.id });
}
const filters = [{ name: 'path', operator: 'c', value: '/pri' }];
const segment = { name: 'Readers', type: 'segment', parameters: { filters, match: 'all' } };
const { id: segmentId } = await call('createWebsiteSegment', { websiteId, ...segment });
await call('getWebsiteSegments', { websiteId, type: 'segment' });
await call('getWebsiteSegment', { websiteId, segmentId });
await call('updateWebsiteSegment', { websiteId, segmentId, ...segment, name: 'More' });
await call('deleteWebsiteSegment', { websiteId, segmentId });
const note = { date: '2026-01-02T00:00:00Z', note: 'Launch', allDay: true };
const { id: annotationId } = await call('createWebsiteAnnotation', { websiteId, ...note });
await call('getWebsiteAnnotations', { websiteId });
await call('getWebsiteAnnotation', { websiteId, annotationId });
await call('updateWebsiteAnnotation', { websiteId, annotationId, ...note, note: 'Launched' });
await call('deleteWebsiteAnnotation', { websiteId, annotationId });

// ---- links, pixels, boards, and shares of all
for (const kind of ['Link', 'Pixel']) {
  const part = `${kind.toLowerCase()}Id`;
  const url = kind === 'Link' ? { url: 'https://example.com/' } : {};
  const body = { name: kind, slug: `${kind}-slug-1`, teamId: team.id, ...url };
  const { id } = await call(`create${kind}`, body);
  await call(`get${kind}s`, {});
  await call(`getTeam${kind}s`, { teamId: team.id });
  await call(`get${kind}`, { [part]: id });
  await call(`update${kind}`, { [part]: id, name: `${kind} 2` });
  await call(`get${kind}sCharts`, { ids: id, ...range });
  await call(`create${kind}Share`, { [part]: id, name: 'Look' });
  await call(`get${kind}Shares`, { [part]: id });
  await call(`delete${kind}`, { [part]: id });
}
const board = await call('createBoard', { name: 'Board', type: 'open', teamId: team.id, parameters: { websiteId } });
const boardId = board.id;
await call('getBoards', {});
await call('getTeamBoards', { teamId: team.id });
await call('getBoard', { boardId });
await call('updateBoard', { boardId, name: 'Board 2' });
await call('cloneBoard', { boardId, name: 'Copy' });
await call('createBoardShare', { boardId, name: 'Look' });
await call('getBoardShares', { boardId });
await call('deleteBoard', { boardId });
await call('createWebsiteShare', { websiteId, name: 'Look', parameters: { overview: true } });
await call('getWebsiteShares', { websiteId });
const wanted = { entityId: websiteId, shareType: 1, name: 'Again', parameters: {}, slug: 'again-and-again' };
const share = await call('createShare', wanted);
await call('getShare', { shareId: share.id });
await call('updateShare', { shareId: share.id, name: 'Once more', parameters: { events: true }, slug: share.slug });
await run(nobody, 'getShareBySlug', { slug: share.slug });
await call('deleteShare', { shareId: share.id });

// ---- the end of everything
await call('deleteWebsiteSession', session);
await call('resetWebsite', { websiteId });
await call('transferWebsite', { websiteId: spare.id, userId: (await ada.getMe()).user.id });
await call('deleteWebsite', { websiteId });
await call('deleteTeam', { teamId: team.id });
await call('deleteUser', { userId: user.id });
await call('deleteMyApiKey', { keyId: key.id });
await call('updateMyPassword', { currentPassword: process.env.PASSWORD, newPassword: 'six wet owls sing too' });
await call('logout');
const after = await ada.getMe().then(() => 200, (error) => error.status);
console.log(JSON.stringify({ results, after, missed: Object.keys(operations).filter((name) => !(name in results)) }));
