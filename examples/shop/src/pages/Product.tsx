import { useState } from 'react'
import type { Product } from '../api.ts'
import { money, useApi } from '../api.ts'
import { useCart } from '../cart.tsx'
import { Plant } from '../components/Plant.tsx'
import { Products } from '../components/Products.tsx'
import { Quantity } from '../components/Quantity.tsx'
import { Link } from '../router.tsx'

export const ProductPage = ({ id }: { id: string }) => {
  const { data, missing } = useApi<{ product: Product; others: Product[] }>(`/products/${id}`)
  const [quantity, setQuantity] = useState(1)
  const [added, setAdded] = useState(0)
  const { add } = useCart()
  if (missing) {
    return (
      <section className="notice">
        <title>Not here · Fern &amp; Clay</title>
        <h1>We no longer grow this one</h1>
        <Link href="/" className="button">
          See all plants
        </Link>
      </section>
    )
  }
  if (!data) return <p className="quiet waiting">One moment…</p>
  const { product, others } = data
  return (
    <div className="catalogue">
      <title>{`${product.name} · Fern & Clay`}</title>
      <article className="product">
        <div className="picture">
          <Plant product={product} label />
        </div>
        <div>
          <h1>{product.name}</h1>
          <p className="latin">{product.latin}</p>
          <p className="price">{money(product.price)}</p>
          <p>{product.text}</p>
          <dl>
            <dt>Light</dt>
            <dd>{product.light}</dd>
            <dt>Size</dt>
            <dd>{product.size}</dd>
            <dt>In stock</dt>
            <dd>{product.stock}</dd>
          </dl>
          <div className="buy">
            <Quantity value={quantity} onChange={setQuantity} label={`How many of ${product.name}`} />
            <button
              type="button"
              className="button"
              onClick={() => {
                add(product, quantity)
                setAdded(added + quantity)
              }}
            >
              Add to cart
            </button>
          </div>
          <p role="status">
            {added > 0 && (
              <>
                {added} in your cart. <Link href="/cart">See the cart</Link>
              </>
            )}
          </p>
        </div>
      </article>
      <h2>Goes well beside it</h2>
      <Products products={others} heading="h3" />
    </div>
  )
}
