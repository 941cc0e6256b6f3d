import { useState } from 'react'
import { money } from '../api.ts'

interface Design {
  name: string
  amount?: { euros: number }
}

const DESIGNS: Design[] = [
  { name: 'Fern', amount: { euros: 25 } },
  { name: 'Palm', amount: { euros: 50 } },
  { name: 'Surprise me' },
]

/** The page that throws: nobody thought of the design without an amount. */
const Price = ({ design }: { design: Design }) => <p className="price">{money(design.amount!.euros)}</p>

const GiftCards = () => {
  const [chosen, setChosen] = useState(DESIGNS[0]!)
  return (
    <section>
      <title>Gift cards · Fern &amp; Clay</title>
      <h1>Give something that grows</h1>
      <div className="filters" role="group" aria-label="Design">
        {DESIGNS.map((design) => (
          <button key={design.name} type="button" className="button plain" aria-pressed={design === chosen} onClick={() => setChosen(design)}>
            {design.name}
          </button>
        ))}
      </div>
      <Price design={chosen} />
    </section>
  )
}

export default GiftCards
