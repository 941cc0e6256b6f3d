import { lazy, Suspense, useEffect, useState } from 'react'
import type { FormEvent, ReactNode } from 'react'
import { CartProvider, useCart } from './cart.tsx'
import { ErrorBoundary } from './lib/tracking/ErrorBoundary.tsx'
import { CartPage } from './pages/Cart.tsx'
import { Catalogue } from './pages/Catalogue.tsx'
import { ProductPage } from './pages/Product.tsx'
import { Search } from './pages/Search.tsx'
import { Link, navigate, useLocation } from './router.tsx'

// Pages that few visits see are chunks of their own.
const Account = lazy(() => import('./pages/Account.tsx'))
const Care = lazy(() => import('./pages/Care.tsx'))
const Checkout = lazy(() => import('./pages/Checkout.tsx'))
const GiftCards = lazy(() => import('./pages/GiftCards.tsx'))
const Thanks = lazy(() => import('./pages/Thanks.tsx'))

// Left out of every build, since it is one that says so in this very line.
const Overlay = import.meta.env.DEV && import.meta.env.VITE_SIGHTLINE === 'on' ? lazy(() => import('./lib/tracking/Overlay.tsx')) : undefined

const NotFound = () => (
  <section className="notice">
    <title>Not here · Fern &amp; Clay</title>
    <h1>Nothing grows here</h1>
    <p>The page you asked for is not in this shop.</p>
    <Link href="/" className="button">
      See all plants
    </Link>
  </section>
)

const page = (url: URL): ReactNode => {
  const product = /^\/plants\/([\w-]+)$/.exec(url.pathname)
  if (product) return <ProductPage key={product[1]} id={product[1]!} />
  switch (url.pathname) {
    case '/':
      return <Catalogue category={url.searchParams.get('category') ?? ''} sort={url.searchParams.get('sort') ?? ''} />
    case '/search':
      return <Search words={url.searchParams.get('q') ?? ''} />
    case '/cart':
      return <CartPage />
    case '/checkout':
      return <Checkout />
    case '/thanks':
      return <Thanks order={url.searchParams.get('order') ?? ''} />
    case '/account':
      return <Account />
    case '/care':
      return <Care />
    case '/gift-cards':
      return <GiftCards />
    default:
      return <NotFound />
  }
}

const Header = ({ words }: { words: string }) => {
  const { count } = useCart()
  const [typed, setTyped] = useState(words)
  useEffect(() => setTyped(words), [words])
  const search = (event: FormEvent): void => {
    event.preventDefault()
    navigate(`/search?q=${encodeURIComponent(typed.trim())}`)
  }
  return (
    <header className="top">
      <Link href="/" className="brand">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M12 21V9M12 14C6 14 4 9 4 5c5 0 8 3 8 9Zm0-3c5 0 8-3 8-8-5 0-8 3-8 8Z" />
        </svg>
        Fern &amp; Clay
      </Link>
      <form className="search" role="search" onSubmit={search}>
        <input type="search" name="q" value={typed} placeholder="Search plants" aria-label="Search plants" onChange={(event) => setTyped(event.target.value)} />
        <button type="submit" className="button plain">
          Search
        </button>
      </form>
      <nav aria-label="Shop">
        <Link href="/care">Care</Link>
        <Link href="/gift-cards">Gift cards</Link>
        <Link href="/account">Account</Link>
        <Link href="/cart" className="to-cart">
          Cart <span className="quantity count">{count}</span>
        </Link>
      </nav>
    </header>
  )
}

const Shop = () => {
  const url = useLocation()
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Header words={url.pathname === '/search' ? (url.searchParams.get('q') ?? '') : ''} />
      <main id="main" tabIndex={-1}>
        <ErrorBoundary page={url.pathname}>
          <Suspense fallback={<p className="quiet waiting">One moment…</p>}>{page(url)}</Suspense>
        </ErrorBoundary>
      </main>
      <footer className="bottom">
        <p>Fern &amp; Clay is an example: it sells nothing, and what you type into it is thrown away.</p>
        <p>
          <a href="https://www.kew.org/plants">Read about plants at Kew</a> · <a href="/price-list.txt" download>Price list</a>
        </p>
      </footer>
      {Overlay && (
        <Suspense>
          <Overlay />
        </Suspense>
      )}
    </>
  )
}

const App = () => (
  <CartProvider>
    <Shop />
  </CartProvider>
)

export default App
