import { useState } from 'react'
import type { Advice } from '../api.ts'
import { useApi } from '../api.ts'

const WEEKS = 52
const BUSY_MS = 350

/** The slow page: its server thinks for two seconds, its button works where it should not, and its banner comes late. */
const plan = (): string[] => {
  const until = performance.now() + BUSY_MS
  let weeks: string[] = []
  while (performance.now() < until) weeks = Array.from({ length: WEEKS }, (_, week) => `week ${week + 1}: ${week % 2 ? 'water' : 'rest'}`)
  return weeks
}

const Care = () => {
  const { data } = useApi<Advice[]>('/advice')
  const [weeks, setWeeks] = useState<string[]>([])
  return (
    <section>
      <title>Care · Fern &amp; Clay</title>
      <h1>How to keep them alive</h1>
      {data && <p className="banner">New: our autumn guide to repotting is here.</p>}
      <p>Most plants die of kindness. Water less than you want to, and turn the pot once a week.</p>
      <p>
        <button type="button" className="button" onClick={() => setWeeks(plan())}>
          Plan my watering
        </button>
      </p>
      {weeks.length > 0 && <p role="status">{weeks.slice(0, 4).join(', ')} …</p>}
      {data ? (
        <div className="columns">
          {data.map(({ title, text }) => (
            <article key={title} className="panel">
              <h2>{title}</h2>
              <p>{text}</p>
            </article>
          ))}
        </div>
      ) : (
        <p className="quiet waiting">Asking the gardener…</p>
      )}
    </section>
  )
}

export default Care
