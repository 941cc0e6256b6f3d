import { Link } from '../router.tsx'

const Thanks = ({ order }: { order: string }) => (
  <section className="notice">
    <title>Thank you · Fern &amp; Clay</title>
    <h1>Thank you</h1>
    <p>
      Your order <strong>{order}</strong> would be on its way by now.
    </p>
    <Link href="/" className="button">
      More plants
    </Link>
  </section>
)

export default Thanks
