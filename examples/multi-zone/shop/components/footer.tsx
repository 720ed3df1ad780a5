import Link from 'next/link'
import { useWords } from '@/lib/use-words'
import { Flags } from './flags'

export function Footer() {
  const { w } = useWords()
  return (
    <footer className="footer">
      <div className="footer-in">
        <div>
          <Flags />
          <p>{w.foot}</p>
          <p>{w.note}</p>
        </div>
        <ul>
          <li>
            <Link href="/">{w.prints}</Link>
          </li>
          <li>
            <Link href="/basket">{w.basket}</Link>
          </li>
        </ul>
        <ul>
          <li>
            <a href="/">{w.island}</a>
          </li>
          <li>
            <a href="/visit">{w.getting}</a>
          </li>
          <li>
            <a href="/blog">{w.notes}</a>
          </li>
        </ul>
        <p className="served">
          {w.served} Next.js {process.env.ZONE_NEXT_VERSION}, Pages Router.
        </p>
      </div>
    </footer>
  )
}
