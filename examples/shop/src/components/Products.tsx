import type { Product } from '../api.ts'
import { money } from '../api.ts'
import { Link } from '../router.tsx'
import { Plant } from './Plant.tsx'

interface Props {
  products: Product[] | undefined
  /** Names are headings below that of the list, where it has one. */
  heading?: 'h2' | 'h3'
}

export const Products = ({ products, heading: Heading = 'h2' }: Props) => (
  <ul className="products" aria-busy={!products}>
    {products
      ? products.map((product) => (
          <li key={product.id}>
            <Link href={`/plants/${product.id}`} className="card">
              <Plant product={product} />
              <Heading className="name">{product.name}</Heading>
              <p className="latin">{product.latin}</p>
              <p className="price">{money(product.price)}</p>
              {product.stock < 4 && <span className="badge">only {product.stock} left</span>}
            </Link>
          </li>
        ))
      : Array.from({ length: 8 }, (_, index) => <li key={index} className="card empty" />)}
  </ul>
)
