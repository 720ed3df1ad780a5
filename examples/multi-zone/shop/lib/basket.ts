import { stockOf } from './products'

// The whole basket is one small cookie: "gannet.1_tide.2".
export const BASKET = 'basket'
const MOST_EACH = 9

export type Basket = Map<string, number>

export function readBasket(cookie: string | undefined): Basket {
  const basket: Basket = new Map()
  for (const part of (cookie ?? '').split('_')) {
    const [id = '', count] = part.split('.')
    const n = Number(count)
    // A cookie is whatever the visitor sends, so only known prints get in.
    if (stockOf(id) !== undefined && Number.isInteger(n) && n > 0) basket.set(id, Math.min(n, MOST_EACH))
  }
  return basket
}

export function basketCookie(basket: Basket): string {
  const value = [...basket].map(([id, n]) => `${id}.${Math.min(n, MOST_EACH)}`).join('_')
  const age = value ? 30 * 86_400 : 0
  return `${BASKET}=${value}; Path=/shop; Max-Age=${age}; HttpOnly; SameSite=Lax`
}
