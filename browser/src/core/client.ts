/** The SDK as one object. There is one for a page, however often the application's code is loaded anew. */

import { watchClicks } from './clicks.ts';
import { deliver } from './delivery.ts';
import { early } from './early.ts';
import { watchEngagement } from './engagement.ts';
import { cleaned, watchErrors } from './errors.ts';
import { watchPages } from './pages.ts';
import { watchRequests } from './requests.ts';
import { debug, on, safe, say } from './safe.ts';
import { watchVitals } from './vitals.ts';
import { watchReplay } from './replays.ts';
import type { LoadRecorder } from './replays.ts';
import type { Answer } from './delivery.ts';
import type { Pages } from './pages.ts';
import type { Client, Configuration, Consent, Options, Properties } from '../types.ts';

export const VERSION = '0.1.0';

/** False in the script that Sightline serves, which nobody starts later. */
declare const TALKS: boolean;

const KEY = Symbol.for('sightline');
const FIRST_AFTER_MS = 50; // lets the page's own first work go before the first batch

type Holder = { [KEY]?: Internal | undefined };

export interface Internal extends Client {
  /** As of a client; React's error boundary says that it was one, and which components led there. */
  error(error: unknown, context?: Properties, source?: string, component?: string): void;
}

export const running = (): Internal | undefined => (globalThis as Holder)[KEY];

const start = (options: Options, load: LoadRecorder): Internal => {
  let level: Consent | 'ask' | '' = options.consent ?? '';
  let configuration: Configuration | undefined;
  let visit = '';
  let stopped = false;
  let pages: Pages | undefined;
  const host = new URL(options.beacon ?? options.host, location.href).href.replace(/\/+$/, '');
  debug(options.debug === true);

  const agreed = (): Consent | undefined => (level === '' || level === 'ask' ? undefined : level);
  const allowed = (): boolean => {
    if (stopped || level === 'ask' || level === 'none') return false;
    if (level) return true;
    // What a browser asks of all sites counts where nothing was agreed to on this one.
    const asked = navigator as { globalPrivacyControl?: boolean; doNotTrack?: string | null };
    if (options.signals !== false && (asked.globalPrivacyControl || asked.doNotTrack === '1')) return false;
    return !configuration?.asks && configuration?.mode !== 'none';
  };

  const heard = (answer: Answer): void => {
    visit = answer.visit ?? visit;
    if (answer.configuration) {
      configuration = answer.configuration;
      requests.allow(configuration.endpoints);
      replay.configure(configuration);
      if (!allowed()) delivery.clear();
    }
    say('answer', answer)
  };

  const envelope = (): Record<string, unknown> => ({
    sdk: VERSION, conf: configuration?.id, consent: agreed(), host: location.hostname,
    screen: `${screen.width}x${screen.height}`, lang: navigator.language, release: options.release, env: options.environment,
  }); // prettier-ignore

  const delivery = deliver({ url: options.beacon ? host : `${host}/e`, only: options.beacon, site: options.site, envelope, allowed, heard });
  const errors = watchErrors(delivery, () => pages, options.errors === 'console');
  if (options.errors === false) errors.stop();
  const requests = watchRequests(host, options.correlate !== false, () => visit, errors.crumb);
  const engagement = watchEngagement(delivery, () => pages);
  pages = safe(watchPages)(delivery, options.hash === true, options.pages !== false, () => engagement.report());
  if (TALKS) for (const [source, thrown] of early.splice(0)) errors.report(source, thrown);

  const track = (name: string, properties?: Properties): void => {
    const props = properties && cleaned(properties);
    delivery.add('event', { ...pages?.here(), title: document.title, name, props });
    say('event', name, props);
  };
  const replay = watchReplay({
    host, load, wanted: options.replay !== false, site: options.site, allowed,
    level: agreed, envelope, visit: () => visit,
  }); // prettier-ignore

  const hide = (): void => {
    engagement.report();
    delivery.flush(true);
    replay.hide();
  };
  const ends = [
    () => errors.stop(),
    () => requests.stop(),
    () => engagement.stop(),
    () => pages?.stop(),
    watchClicks(safe(track), errors.crumb),
    options.vitals !== false && pages ? watchVitals(delivery, pages) : () => {},
    // After web-vitals' own, so that final values are in the queue by then.
    on(document, 'visibilitychange', () => (document.hidden ? hide() : delivery.soon(0)), false),
    on(window, 'pagehide', hide, false),
  ];
  delivery.soon(FIRST_AFTER_MS);

  const client: Internal = {
    track: track as Client['track'],
    page: () => pages?.view('manual'),
    identify(id, traits) {
      delivery.add('identify', { ...pages?.here(), id: String(id), traits: traits && cleaned(traits) });
    },
    consent(given) {
      level = given;
      if (!allowed()) delivery.clear();
      else delivery.soon(0);
      replay.consented();
    },
    error: (thrown, context, source = 'caught', component) => errors.report(source, thrown, { context, component, handled: true }),
    stop() {
      if (stopped) return;
      replay.stop();
      for (const end of ends) safe(end)();
      delivery.stop();
      stopped = true;
      delete (globalThis as Holder)[KEY];
    },
    visitId: () => visit,
    status: () => ({ visit, consent: level, ...delivery.state, waiting: delivery.waiting(), recording: replay.recording(), stopped }),
  };
  for (const [name, method] of Object.entries(client)) (client as unknown as Record<string, unknown>)[name] = safe(method);
  return client;
};

/** Does nothing: where the SDK cannot run, or was not started. */
export const idle: Internal = new Proxy({} as Internal, { get: (_, name) => () => (name === 'status' ? { stopped: true } : '') });

export const begin = (options: Options, load: LoadRecorder): Internal => {
  if (!('window' in globalThis)) return idle; // rendered on a server
  const known = running();
  if (known) return known;
  const made = safe(start)(options, load) ?? idle;
  (globalThis as Holder)[KEY] = made;
  return made;
};
