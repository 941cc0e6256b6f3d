import { useEffect } from 'react'
import type { Product } from '../api.ts'
import { useApi } from '../api.ts'
import { Products } from '../components/Products.tsx'
import { track } from '../lib/tracking/index.ts'

export const Search = ({ words }: { words: string }) => {
  const { data } = useApi<Product[]>(`/search?q=${encodeURIComponent(words)}`)
  useEffect(() => {
    if (data) track('search', { results: data.length })
  }, [data])
  return (
    <div className="catalogue">
      <title>Search · Fern &amp; Clay</title>
      <h1 className="search">
        {data ? `${data.length} ${data.length === 1 ? 'plant' : 'plants'}` : 'Plants'} for “{words}”
      </h1>
      {data?.length === 0 ? <p>Try “fern”, “low light” or “cactus”.</p> : <Products products={data} />}
    </div>
  )
}
