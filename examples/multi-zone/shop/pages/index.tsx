import type { GetStaticProps } from 'next'
import Head from 'next/head'
import Image from 'next/image'
import Link from 'next/link'
import { money, prints, toLocale, type Print } from '@/lib/products'
import { useWords } from '@/lib/use-words'

type Props = { list: Print[] }

export const getStaticProps: GetStaticProps<Props> = ({ locale }) => ({
  props: { list: prints(toLocale(locale)) },
  revalidate: 60,
})

export default function Shop({ list }: Props) {
  const { locale, w } = useWords()
  return (
    <>
      <Head>
        <title>{`${w.shop} · Ostrey`}</title>
        <meta name="description" content={w.intro} />
      </Head>
      <div className="opening">
        <h1 data-testid="title">{w.title}</h1>
        <p className="lead">{w.intro}</p>
      </div>
      <ul className="wall">
        {list.map((print, i) => (
          <li key={print.id}>
            <Link href={`/p/${print.id}`} data-testid="product-link">
              <Image
                src={print.picture}
                alt=""
                width={800}
                height={1000}
                sizes="(max-width: 44rem) 50vw, 26vw"
                loading={i < 3 ? 'eager' : 'lazy'}
              />
              <h2>{print.name}</h2>
            </Link>
            <p className="note">
              {money(print.price, locale)}, {print.size}
            </p>
          </li>
        ))}
        <li className="press">{w.press}</li>
      </ul>
    </>
  )
}
