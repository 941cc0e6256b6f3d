/**
 * OpenReplay's tracker in place of the SDK, for who has it already: built with `VITE_OPENREPLAY_INGEST=/ingest`, which is
 * where the shop's server passes what the tracker sends on to Sightline. It says what the SDK would have said.
 */

import Tracker from '@openreplay/tracker'
import type { Options } from 'sightline-browser'
import type { Properties } from './events.ts'

type Spoken = Pick<typeof import('sightline-browser'), 'track' | 'identify' | 'error' | 'visitId'>

export const start = ({ site, release }: Options): Spoken => {
  const tracker = new Tracker({
    projectKey: site,
    ingestPoint: new URL(import.meta.env.VITE_OPENREPLAY_INGEST!, location.href).href,
    revID: release,
    // It refuses pages without TLS, and the shop is served on loopback without.
    __DISABLE_SECURE_MODE: location.protocol === 'http:',
    network: { sessionTokenHeader: false, failuresOnly: false, ignoreHeaders: true, capturePayload: false, captureInIframes: false },
  })
  void tracker.start().catch(() => undefined) // refused, or offline: the shop works without it
  return {
    track: (name, properties) => tracker.event(name, properties),
    identify(id, traits: Properties = {}) {
      tracker.setUserID(id)
      for (const [name, value] of Object.entries(traits)) tracker.setMetadata(name, String(value))
    },
    error: (thrown, context) => tracker.handleError(thrown instanceof Error ? thrown : new Error(String(thrown)), context),
    visitId: () => tracker.getSessionID() ?? '',
  }
}
