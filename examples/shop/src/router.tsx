/** As much of a router as a shop of ten pages needs. */

import { useSyncExternalStore } from 'react'
import type { AnchorHTMLAttributes, MouseEvent } from 'react'

const listeners = new Set<() => void>()

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  window.addEventListener('popstate', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('popstate', listener)
  }
}

const place = (): string => location.pathname + location.search

/** Path and query of the page that is shown. */
export const useLocation = (): URL => new URL(useSyncExternalStore(subscribe, place), location.origin)

export const navigate = (to: string): void => {
  if (to !== place()) history.pushState({}, '', to)
  window.scrollTo(0, 0)
  for (const listener of listeners) listener()
}

export const Link = ({ href, onClick, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) => {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event)
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    navigate(href)
  }
  return <a href={href} onClick={follow} {...rest} />
}
