/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** `on` watches this page in development, too. */
  readonly VITE_SIGHTLINE?: string
  readonly VITE_SIGHTLINE_SITE?: string
  readonly VITE_SIGHTLINE_HOST?: string
  readonly VITE_RELEASE?: string
  /** Where OpenReplay's tracker sends to; a build that has it is watched by that tracker in place of the SDK. */
  readonly VITE_OPENREPLAY_INGEST?: string
}
