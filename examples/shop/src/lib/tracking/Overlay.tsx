import { SightlineOverlay, SightlineProvider } from 'sightline-browser/react'

/** In development, where watching was asked for: what the SDK is doing, in a corner. */
const Overlay = () => (
  <SightlineProvider>
    <SightlineOverlay />
  </SightlineProvider>
)

export default Overlay
