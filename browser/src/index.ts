/**
 * Sightline's SDK as a module. `init` starts it; everything else may be called at any time and never throws.
 *
 *     init({ site: 'pk_…', host: '/9f3ab2c41d07' });
 *     track('order', { revenue: 12.5, currency: 'EUR' });
 */

import { begin, idle, running } from './core/client.ts';
import type { Client, Consent, EventName, Options, Properties, PropertiesOf } from './types.ts';

export type { Client, Consent, EventName, Events, Options, Properties, PropertiesOf, Status, Value } from './types.ts';

/** Start, once for a page: a second call returns what runs. */
export const init = (options: Options): Client => begin(options, () => import('./replay/record.ts'));

const client = (): Client => running() ?? idle;

/** Count an event. */
export const track = <Name extends EventName>(name: Name, properties?: PropertiesOf<Name>): void => client().track(name, properties);

/** Count a page view. */
export const page = (): void => client().page();

/** Say who this is. */
export const identify = (id: string, traits?: Properties): void => client().identify(id, traits);

/** Say what the visitor agreed to. */
export const consent = (level: Consent): void => client().consent(level);

/** Report an error that was handled. */
export const error = (thrown: unknown, context?: Properties): void => client().error(thrown, context);

/** End everything, and give back what was wrapped. */
export const stop = (): void => client().stop();

/** The visit's id, for an error message or a support request. */
export const visitId = (): string => client().visitId();
