import type { GetStaticPaths, GetStaticProps } from 'next'
import Head from 'next/head'
import Image from 'next/image'
import Link from 'next/link'
import { useRouter } from 'next/router'
import { setTimeout as sleep } from 'node:timers/promises'
import { PHASE_PRODUCTION_BUILD } from 'next/constants'
import { Stock } from '@/components/stock'
import { findPrint, money, toLocale, type Print } from '@/lib/products'
import { useWords } from '@/lib/use-words'

type Props = { print: Print }

// Two prints are ready from the build; the others are made when first asked
// for, and a skeleton stands in meanwhile.
export const getStaticPaths: GetStaticPaths = ({ locales = ['en'] }) => ({
  paths: locales.flatMap((locale) => ['gannet', 'lantern'].map((id) => ({ params: { id }, locale }))),
  fallback: true,
})

export const getStaticProps: GetStaticProps<Props> = async ({ params, locale }) => {
  // As slow as a shop's database may be; otherwise nobody would see the skeleton.
  if (process.env.NEXT_PHASE !== PHASE_PRODUCTION_BUILD) await sleep(600)
  const print = findPrint(String(params?.id), toLocale(locale))
  return print ? { props: { print }, revalidate: 60 } : { notFound: true, revalidate: 60 }
}

function Skeleton() {
  const { w } = useWords()
  return (
    <div className="product" data-testid="skeleton" aria-busy="true">
      <div className="bone bone-sheet" />
      <div>
        <p role="status">{w.fetching}</p>
        <div className="bone bone-title" />
        <div className="bone" />
        <div className="bone" />
      </div>
    </div>
  )
}

export default function ProductPage({ print }: Partial<Props>) {
  const { isFallback } = useRouter()
  const { locale, w } = useWords()
  if (isFallback || !print) return <Skeleton />

  return (
    <>
      <Head>
        <title>{`${print.name} · Ostrey`}</title>
        <meta name="description" content={print.about} />
      </Head>
      <article className="product">
        <Image className="print" src={print.picture} alt={print.name} width={800} height={1000} sizes="(max-width: 44rem) 100vw, 48vw" priority />
        <div>
          <h1 data-testid="title">{print.name}</h1>
          <p className="lead">{print.about}</p>
          <dl>
            <div>
              <dt className="price">{money(print.price, locale)}</dt>
              <dd>
                {print.size}
                <br />
                {w.edition(print.edition)}
              </dd>
            </div>
          </dl>
          {/* A form, so that it works before and without any script. */}
          <form action="/shop/api/basket" method="post">
            <input type="hidden" name="add" value={print.id} />
            <input type="hidden" name="locale" value={locale} />
            <button type="submit" data-testid="add-to-basket">
              {w.add}
            </button>
            <Stock id={print.id} />
          </form>
          <p className="back">
            <Link href="/">{w.more}</Link>
          </p>
        </div>
      </article>
    </>
  )
}
