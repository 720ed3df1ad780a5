import Head from 'next/head'
import Link from 'next/link'
import { useWords } from '@/lib/use-words'

export default function NotFound() {
  const { w } = useWords()
  return (
    <div className="opening">
      <Head>
        <title>{`404 · ${w.shop}`}</title>
      </Head>
      <h1 data-testid="title">{w.lostTitle}</h1>
      <div>
        <p className="lead">{w.lost}</p>
        <Link className="button" href="/">
          {w.more}
        </Link>
      </div>
    </div>
  )
}
