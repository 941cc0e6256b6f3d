import { createContext, useContext, useEffect, useReducer } from 'react'
import type { ReactNode } from 'react'
import type { Product } from './api.ts'
import { track } from './lib/tracking/index.ts'

export interface Line {
  product: Product
  quantity: number
}

type Change = { kind: 'put'; product: Product; quantity: number } | { kind: 'add'; product: Product; quantity: number } | { kind: 'empty' }

const MOST = 20
const KEY = 'cart'

const changed = (lines: Line[], change: Change): Line[] => {
  if (change.kind === 'empty') return []
  const { product } = change
  const before = lines.find((line) => line.product.id === product.id)
  const quantity = Math.min(MOST, change.kind === 'add' ? (before?.quantity ?? 0) + change.quantity : change.quantity)
  if (quantity < 1) return lines.filter((line) => line !== before)
  if (!before) return [...lines, { product, quantity }]
  return lines.map((line) => (line === before ? { product, quantity } : line))
}

// A browser may forbid storage: then the cart lasts as long as the page.
const stored = (): Line[] => {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as Line[]
  } catch {
    return []
  }
}

interface Cart {
  lines: Line[]
  count: number
  total: number
  add(product: Product, quantity: number): void
  put(product: Product, quantity: number): void
  empty(): void
}

const Context = createContext<Cart | undefined>(undefined)

export const CartProvider = ({ children }: { children: ReactNode }) => {
  const [lines, dispatch] = useReducer(changed, undefined, stored)
  useEffect(() => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(lines))
    } catch {
      // As above.
    }
  }, [lines])
  const cart: Cart = {
    lines,
    count: lines.reduce((sum, line) => sum + line.quantity, 0),
    total: lines.reduce((sum, line) => sum + line.quantity * line.product.price, 0),
    add(product, quantity) {
      dispatch({ kind: 'add', product, quantity })
      track('add_to_cart', { product: product.id, category: product.category, price: product.price, quantity })
    },
    put(product, quantity) {
      dispatch({ kind: 'put', product, quantity })
      if (quantity < 1) track('remove_from_cart', { product: product.id })
    },
    empty: () => dispatch({ kind: 'empty' }),
  }
  return <Context value={cart}>{children}</Context>
}

export const useCart = (): Cart => useContext(Context)!
