export type Locale = 'en' | 'de'

export const toLocale = (locale: string | undefined): Locale => (locale === 'de' ? 'de' : 'en')

type Product = {
  id: string
  price: number
  size: string
  edition: number
  stock: number
  name: Record<Locale, string>
  about: Record<Locale, string>
}

/** What a page needs of a product, in one language. */
export type Print = Pick<Product, 'id' | 'price' | 'size' | 'edition'> & { name: string; about: string; picture: string }

const products: readonly Product[] = [
  {
    id: 'gannet',
    price: 48,
    size: '40 × 50 cm',
    edition: 60,
    stock: 14,
    name: { en: 'Gannet, falling', de: 'Basstölpel im Fallen' },
    about: {
      en: 'Seen from the pier head, one second before the splash. Three inks on 250 g cotton paper.',
      de: 'Vom Molenkopf aus gesehen, eine Sekunde vor dem Wasser. Drei Farben auf 250-g-Baumwollpapier.',
    },
  },
  {
    id: 'lantern',
    price: 52,
    size: '40 × 50 cm',
    edition: 80,
    stock: 9,
    name: { en: 'The lantern', de: 'Das Leuchtfeuer' },
    about: {
      en: 'Every ninth second, from the rocks below. The keeper signs the back of each sheet and adds the wind.',
      de: 'Jede neunte Sekunde, von den Felsen aus. Die Wärterin zeichnet jedes Blatt hinten ab, mit Windstärke.',
    },
  },
  {
    id: 'harbour',
    price: 58,
    size: '50 × 62 cm',
    edition: 45,
    stock: 3,
    name: { en: 'Harbour, eleven roofs', de: 'Hafen mit elf Dächern' },
    about: {
      en: 'There are twelve. The twelfth household asked to be left out and has regretted it since.',
      de: 'Es sind zwölf. Der zwölfte Haushalt wollte nicht mit aufs Bild und bereut es seither.',
    },
  },
  {
    id: 'flags',
    price: 34,
    size: '40 × 50 cm',
    edition: 120,
    stock: 41,
    name: { en: 'O S T R E Y', de: 'O S T R E Y' },
    about: {
      en: 'The name of the island as the harbour office hoists it for weddings. Slightly crooked, like the mast.',
      de: 'Der Name der Insel, wie ihn das Hafenamt zu Hochzeiten setzt. Etwas schief, wie der Mast.',
    },
  },
  {
    id: 'tide',
    price: 38,
    size: '40 × 50 cm',
    edition: 70,
    stock: 22,
    name: { en: 'Seventeen tides', de: 'Siebzehn Tiden' },
    about: {
      en: 'One line for each high water of a week and a half, cut without lifting the gouge.',
      de: 'Eine Linie für jedes Hochwasser von anderthalb Wochen, geschnitten ohne abzusetzen.',
    },
  },
  {
    id: 'crossing',
    price: 44,
    size: '40 × 50 cm',
    edition: 60,
    stock: 17,
    name: { en: 'Evening boat', de: 'Abendboot' },
    about: {
      en: 'The Tystie at 18:40, a quarter of an hour before half the island comes down to look who is on it.',
      de: 'Die Tystie um 18.40 Uhr, eine Viertelstunde bevor die halbe Insel nachsieht, wer an Bord ist.',
    },
  },
  {
    id: 'comet',
    price: 18,
    size: '24 × 30 cm',
    edition: 200,
    stock: 1,
    name: { en: 'Comet, not to scale', de: 'Komet, nicht maßstäblich' },
    about: {
      en: 'Printed the night after, by people who had not slept. The next edition is due in six thousand years.',
      de: 'Gedruckt in der Nacht darauf, von Leuten ohne Schlaf. Die nächste Auflage folgt in sechstausend Jahren.',
    },
  },
]

const toPrint = (product: Product, locale: Locale): Print => ({
  id: product.id,
  price: product.price,
  size: product.size,
  edition: product.edition,
  name: product.name[locale],
  about: product.about[locale],
  // next/image wants the base path written out when it is given a plain text.
  picture: `/shop/prints/${product.id}.jpg`,
})

export const prints = (locale: Locale): Print[] => products.map((product) => toPrint(product, locale))

export function findPrint(id: string, locale: Locale): Print | undefined {
  const product = products.find((one) => one.id === id)
  return product && toPrint(product, locale)
}

export const stockOf = (id: string): number | undefined => products.find((one) => one.id === id)?.stock

export const money = (euros: number, locale: Locale): string =>
  new Intl.NumberFormat(locale === 'de' ? 'de-DE' : 'en-IE', { style: 'currency', currency: 'EUR', minimumFractionDigits: 0 }).format(euros)
