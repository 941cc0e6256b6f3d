/**
 * Sightline in this shop, all of it: started once, when the page has shown something, and never waited for.
 *
 * The SDK is a chunk of its own that loads after the application. What is tracked before it is there waits for it; where
 * it is not wanted, or cannot be loaded, everything here does nothing.
 */

import { later, type Sdk } from 'sightline-browser/later'
import type { Options } from 'sightline-browser'
import type { EventName, Properties, PropertiesOf } from './events.ts'

type Spoken = Pick<Sdk, 'track' | 'identify' | 'error' | 'visitId'>

let ready: Promise<Spoken | undefined> | undefined
let loaded: Spoken | undefined

/** How the SDK is started; undefined where this page is not to be watched, as in development unless that is asked for. */
const options = (): Options | undefined => {
  const env = import.meta.env
  if (env.DEV && env.VITE_SIGHTLINE !== 'on') return undefined
  const told = document.querySelector<HTMLMetaElement>('meta[name="sightline"]')?.dataset
  const site = told?.site || env.VITE_SIGHTLINE_SITE
  const host = told?.host || env.VITE_SIGHTLINE_HOST
  if (!site || !host) return undefined
  return { site, host, release: env.VITE_RELEASE ?? '1.4.2', environment: env.MODE, debug: env.DEV }
}

/** Start the SDK; further calls do nothing. */
export const start = (): void => {
  const wanted = options()
  if (!wanted || ready) return
  // Decided when it is built: what is not asked for is in no chunk.
  const sdk: Promise<Spoken> = import.meta.env.VITE_OPENREPLAY_INGEST
    ? import('./openreplay.ts').then((tracker) => tracker.start(wanted))
    : later(wanted)
  ready = sdk.then(
    (sdk) => (loaded = sdk),
    () => undefined, // blocked, or offline: the shop works without it
  )
}

/** At once where the SDK is there, so that what is tracked just before a navigation belongs to the page that it left. */
const whenReady = (work: (sdk: Spoken) => void): void => {
  if (loaded) work(loaded)
  else void ready?.then((sdk) => sdk && work(sdk))
}

export const track = <Name extends EventName>(name: Name, properties: PropertiesOf<Name>): void =>
  whenReady((sdk) => sdk.track(name, properties))

export const identify = (id: string, traits?: Properties): void => whenReady((sdk) => sdk.identify(id, traits))

export const report = (error: unknown, context?: Properties): void => whenReady((sdk) => sdk.error(error, context))

/** The visit's id, for an error message or the footer of a support request; empty where there is none. */
export const visitId = (): string => loaded?.visitId() ?? ''
