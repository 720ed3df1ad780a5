import type { NextApiRequest, NextApiResponse } from 'next'
import { stockOf } from '@/lib/products'

export default function handler(request: NextApiRequest, response: NextApiResponse) {
  const id = String(request.query.id ?? '')
  const stock = stockOf(id)
  response.setHeader('Cache-Control', 'no-store')
  if (stock === undefined) response.status(404).json({ error: 'no such print' })
  else response.status(200).json({ id, stock })
}
