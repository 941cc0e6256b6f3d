/** The shop's own API. */

import { useEffect, useState } from 'react'

export interface Product {
  id: string
  name: string
  latin: string
  category: string
  price: number
  light: string
  size: string
  shape: 'broad' | 'blade' | 'frond' | 'cactus' | 'rosette' | 'trailing' | 'tree'
  leaf: string
  pot: string
  text: string
  stock: number
}

export interface Account {
  name: string
  email: string
  phone: string
  address: string[]
  customer: string
  plan: string
  orders: { number: string; date: string; total: number; state: string }[]
}

export interface Advice {
  title: string
  text: string
}

export interface Order {
  number: string
  total: number
}

export class ApiError extends Error {
  override name = 'ApiError'
  status: number
  fields: Record<string, string>

  constructor(status: number, message: string, fields: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.fields = fields
  }
}

const read = async <T,>(answer: Response): Promise<T> => {
  const body = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new ApiError(answer.status, body.message ?? `the shop answered ${answer.status}`, body.fields)
  return body as T
}

export const get = <T,>(path: string, signal?: AbortSignal): Promise<T> =>
  fetch(`/api${path}`, { signal: signal ?? null }).then(read<T>)

export const post = <T,>(path: string, body: unknown): Promise<T> =>
  fetch(`/api${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).then(read<T>)

interface Asked<T> {
  path: string
  data?: T
  error?: unknown
}

/** What the API says to a path; an error is thrown to the boundary, but for what is not there. */
export const useApi = <T,>(path: string): { data: T | undefined; missing: boolean } => {
  const [asked, setAsked] = useState<Asked<T>>({ path })
  useEffect(() => {
    const ending = new AbortController()
    get<T>(path, ending.signal).then(
      (data) => setAsked({ path, data }),
      (error: unknown) => ending.signal.aborted || setAsked({ path, error }),
    )
    return () => ending.abort()
  }, [path])
  if (asked.path !== path) return { data: undefined, missing: false }
  const missing = asked.error instanceof ApiError && asked.error.status === 404
  if (asked.error && !missing) throw asked.error
  return { data: asked.data, missing }
}

const format = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })

export const money = (euros: number): string => format.format(euros)
