import { money } from '../api.ts'
import { useCart } from '../cart.tsx'
import { Plant } from '../components/Plant.tsx'
import { Quantity } from '../components/Quantity.tsx'
import { Link } from '../router.tsx'

export const CartPage = () => {
  const { lines, total, put } = useCart()
  if (!lines.length) {
    return (
      <section className="notice">
        <title>Cart · Fern &amp; Clay</title>
        <h1>Your cart is empty</h1>
        <p>Something green would fit in here.</p>
        <Link href="/" className="button">
          See all plants
        </Link>
      </section>
    )
  }
  return (
    <section>
      <title>Cart · Fern &amp; Clay</title>
      <h1>Your cart</h1>
      <ul className="lines">
        {lines.map(({ product, quantity }) => (
          <li key={product.id}>
            <Plant product={product} />
            <Link href={`/plants/${product.id}`}>{product.name}</Link>
            <Quantity value={quantity} onChange={(value) => put(product, value)} label={`How many of ${product.name}`} />
            <span className="price">{money(quantity * product.price)}</span>
            <button type="button" className="button plain" onClick={() => put(product, 0)}>
              Remove<span className="hidden"> {product.name}</span>
            </button>
          </li>
        ))}
      </ul>
      <div className="total">
        <p>
          Total <strong>{money(total)}</strong>
        </p>
        {/* Looks like a button and does nothing: what people click in vain is what a recording is for. */}
        <span className="button plain">Apply voucher</span>
        <Link href="/checkout" className="button">
          Check out
        </Link>
      </div>
    </section>
  )
}
