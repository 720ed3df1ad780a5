import type { NextApiRequest, NextApiResponse } from 'next'
import { BASKET, basketCookie, readBasket } from '@/lib/basket'
import { stockOf, toLocale } from '@/lib/products'

/** Takes the forms of the shop: ?add or ?remove with the id of a print. */
export default function handler(request: NextApiRequest, response: NextApiResponse) {
  if (request.method !== 'POST') {
    response.setHeader('Allow', 'POST').status(405).json({ error: 'POST only' })
    return
  }
  const { add, remove, locale } = (request.body ?? {}) as Record<string, unknown>
  const basket = readBasket(request.cookies[BASKET])
  if (typeof add === 'string') {
    if (stockOf(add) === undefined) {
      response.status(400).json({ error: 'no such print' })
      return
    }
    basket.set(add, (basket.get(add) ?? 0) + 1)
  }
  if (typeof remove === 'string') basket.delete(remove)

  const prefix = toLocale(typeof locale === 'string' ? locale : undefined) === 'de' ? '/shop/de' : '/shop'
  response.setHeader('Set-Cookie', basketCookie(basket))
  response.redirect(303, `${prefix}/basket`)
}
