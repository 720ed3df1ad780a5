import { useRouter } from 'next/router'
import { toLocale } from './products'
import { words } from './words'

export function useWords() {
  const locale = toLocale(useRouter().locale)
  return { locale, w: words(locale) }
}
