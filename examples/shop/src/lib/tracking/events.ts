/** What this shop counts. A wrong name or property does not compile. */

declare module 'sightline-browser' {
  interface Events {
    search: { results: number }
    add_to_cart: { product: string; category: string; price: number; quantity: number }
    remove_from_cart: { product: string }
    checkout: { items: number }
    order: { revenue: number; currency: 'EUR'; items: number }
    sort: { by: string }
  }
}

export type { EventName, Properties, PropertiesOf } from 'sightline-browser'
