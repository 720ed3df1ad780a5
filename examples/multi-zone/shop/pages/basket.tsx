import type { GetServerSideProps } from 'next'
import Head from 'next/head'
import Image from 'next/image'
import Link from 'next/link'
import { BASKET, readBasket } from '@/lib/basket'
import { findPrint, money, toLocale, type Print } from '@/lib/products'
import { useWords } from '@/lib/use-words'

type Props = { lines: { print: Print; count: number }[] }

export const getServerSideProps: GetServerSideProps<Props> = async ({ req, res, locale }) => {
  res.setHeader('Cache-Control', 'private, no-store')
  const lines: Props['lines'] = []
  for (const [id, count] of readBasket(req.cookies[BASKET])) {
    const print = findPrint(id, toLocale(locale))
    if (print) lines.push({ print, count })
  }
  return { props: { lines } }
}

export default function BasketPage({ lines }: Props) {
  const { locale, w } = useWords()
  const total = lines.reduce((sum, { print, count }) => sum + print.price * count, 0)
  return (
    <>
      <Head>
        <title>{`${w.basket} · Ostrey`}</title>
        <meta name="robots" content="noindex" />
      </Head>
      <h1 data-testid="title">{w.yours}</h1>
      {lines.length === 0 ? (
        <p className="lead empty">{w.empty}</p>
      ) : (
        <>
          <ul className="lines">
            {lines.map(({ print, count }) => (
              <li key={print.id} data-testid="basket-line">
                <Image src={print.picture} alt="" width={800} height={1000} sizes="6rem" />
                <div>
                  <h2>
                    <Link href={`/p/${print.id}`}>{print.name}</Link>
                  </h2>
                  <p className="note">
                    {count} × {money(print.price, locale)}
                  </p>
                </div>
                <form action="/shop/api/basket" method="post">
                  <input type="hidden" name="remove" value={print.id} />
                  <input type="hidden" name="locale" value={locale} />
                  <button className="plain" type="submit" aria-label={`${w.remove}: ${print.name}`}>
                    {w.remove}
                  </button>
                </form>
              </li>
            ))}
          </ul>
          <p className="total">
            {w.total} <b data-testid="total">{money(total, locale)}</b>
          </p>
        </>
      )}
      <p>
        <Link className="button" href="/">
          {w.more}
        </Link>
      </p>
    </>
  )
}
