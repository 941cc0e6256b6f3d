import type { Product } from '../api.ts'
import { useApi } from '../api.ts'
import { Products } from '../components/Products.tsx'
import { track } from '../lib/tracking/index.ts'
import { Link, navigate } from '../router.tsx'

const CATEGORIES = [['', 'All'], ['foliage', 'Foliage'], ['ferns', 'Ferns'], ['succulents', 'Succulents'], ['trailing', 'Trailing'], ['trees', 'Trees']] as const

export const Catalogue = ({ category, sort }: { category: string; sort: string }) => {
  const { data } = useApi<Product[]>(`/products?category=${encodeURIComponent(category)}&sort=${encodeURIComponent(sort)}`)
  const shown = (by: string): string => `/?${new URLSearchParams({ ...(category && { category }), ...(by && { sort: by }) })}`
  return (
    <div className="catalogue">
      <title>Plants for every window · Fern &amp; Clay</title>
      <section className="hero">
        <h1>Plants for every window</h1>
        <p>Grown slowly, potted in hand-thrown clay, and brought to your door with the soil still damp.</p>
      </section>
      <div className="bar">
        <nav className="filters" aria-label="Categories">
          {CATEGORIES.map(([id, name]) => (
            <Link key={id} href={id ? `/?category=${id}` : '/'} aria-current={id === category ? 'page' : undefined}>
              {name}
            </Link>
          ))}
        </nav>
        <label className="sort">
          Sort by
          <select
            value={sort}
            onChange={(event) => {
              track('sort', { by: event.target.value || 'name' })
              navigate(shown(event.target.value))
            }}
          >
            <option value="">Name</option>
            <option value="price">Price</option>
            <option value="light">Light</option>
          </select>
        </label>
      </div>
      <Products products={data} />
    </div>
  )
}
