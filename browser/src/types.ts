/** What applications see of the SDK. */

/** What may be collected: nothing, analytics (with vitals and errors), or recordings too. */
export type Consent = 'none' | 'analytics' | 'replay';

/** A value of a property. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

/** Properties of an event: a JSON object. */
export type Properties = { readonly [name: string]: Value };

/**
 * The events of an application. Declare them once, and a wrong name or property no longer compiles:
 *
 *     declare module 'sightline-browser' {
 *       interface Events { order: { revenue: number; currency: string }; search: { results: number } }
 *     }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Events {}

/** The names that may be tracked: those that were declared, or any where none was. */
export type EventName = [keyof Events] extends [never] ? string : keyof Events & string;

/** The properties of an event. */
export type PropertiesOf<Name extends EventName> = Name extends keyof Events ? Events[Name] : Properties;

/** How the SDK is started: where Sightline listens, or where the beacon does. */
export type Options = Choices &
  (
    | {
        /** Where Sightline listens: the address of the snippet without its last part. */
        host: string;
        beacon?: undefined;
      }
    | {
        /** The address of the beacon, for those who run no Sightline: vitals and errors go there, and nothing else. */
        beacon: string;
        host?: string;
      }
  );

/** What else may be said of how the SDK works. */
export interface Choices {
  /** The site's public key, `pk_…`. */
  site: string;
  /** `ask` keeps everything in memory until `consent` was called; a level is a consent that was given before. */
  consent?: 'ask' | Consent;
  /** Obey Global Privacy Control and Do Not Track; true unless said otherwise. */
  signals?: boolean;
  /** Count page views by the changes of the address; true unless said otherwise. */
  pages?: boolean;
  /** Count a change of what follows `#` as a page view, too. */
  hash?: boolean;
  /** Measure Web Vitals; true unless said otherwise. */
  vitals?: boolean;
  /** Report errors; `console` reports what goes to console.error, too. True unless said otherwise. */
  errors?: boolean | 'console';
  /** Add `traceparent` and `x-sightline-visit` to requests of this origin; true unless said otherwise. */
  correlate?: boolean;
  /** Record visits as the site's configuration says; false never does, on any page. */
  replay?: boolean;
  /** The release of the application, as 1.4.2 or a commit. */
  release?: string;
  /** Where the application runs, as production. */
  environment?: string;
  /** Development: say on the console what is collected. */
  debug?: boolean;
}

/** The SDK, once it was started. Nothing of it ever throws. */
export interface Client {
  /** Count an event. */
  track<Name extends EventName>(name: Name, properties?: PropertiesOf<Name>): void;
  /** Count a page view: for applications that switched `pages` off. */
  page(): void;
  /** Say who this is. The server stores a keyed hash of the id, never the id. */
  identify(id: string, traits?: Properties): void;
  /** Say what the visitor agreed to. */
  consent(level: Consent): void;
  /** Report an error that was handled. */
  error(error: unknown, context?: Properties): void;
  /** End everything, and give back what was wrapped. */
  stop(): void;
  /** The visit's id, for an error message or a support request; empty until the server has said it. */
  visitId(): string;
  /** What the SDK is doing, for overlays. */
  status(): Status;
}

/** What the SDK is doing. */
export interface Status {
  visit: string;
  consent: Consent | 'ask' | '';
  waiting: number;
  sent: number;
  lost: number;
  failing: boolean;
  recording: boolean;
  stopped: boolean;
}

/** What the server says of a site. */
export interface Configuration {
  id: string;
  mode: Consent;
  asks: boolean;
  replay: number;
  /** A pattern of the paths on which nothing is recorded; empty where there are none. */
  payment: string;
  endpoints: string[];
  rules: number;
  dictionary: string;
  /** Selectors of what is left out, of what is always masked, and of what may be seen on which pages. */
  blocked: string[];
  masked: string[];
  unmask: { selector: string; page: string }[];
}
