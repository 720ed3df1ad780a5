import { useEffect, useState } from 'react'
import { useWords } from '@/lib/use-words'

/** The page is stored for a while, the number of prints left is not. */
export function Stock({ id }: { id: string }) {
  const { w } = useWords()
  const [stock, setStock] = useState<number | null>(null)

  useEffect(() => {
    const leaving = new AbortController()
    fetch(`/shop/api/stock?id=${id}`, { signal: leaving.signal })
      .then((answer) => answer.json())
      .then((body: { stock: number }) => setStock(body.stock))
      .catch(() => undefined)
    return () => leaving.abort()
  }, [id])

  return (
    <span className="note" data-testid="stock" role="status">
      {stock === null ? w.asking : stock === 0 ? w.soldOut : w.left(stock)}
    </span>
  )
}
