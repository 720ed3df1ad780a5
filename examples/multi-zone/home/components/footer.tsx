import Link from 'next/link'
import { Flags } from './flags'

export function Footer() {
  return (
    <footer className="footer">
      <div className="footer-in">
        <div>
          <Flags />
          <p>
            Ostrey, 55° 41′ N, 4° 12′ E. Sixty-one people, one lantern, and a ferry that waits for you if you wave.
          </p>
        </div>
        <ul>
          <li>
            <Link href="/visit">Getting here</Link>
          </li>
          <li>
            <Link href="/tides">Tides</Link>
          </li>
          <li>
            <Link href="/live">The lantern</Link>
          </li>
          <li>
            <Link href="/guestbook">Guestbook</Link>
          </li>
        </ul>
        <ul>
          <li>
            <a href="/blog">Field notes</a>
          </li>
          <li>
            <a href="/shop">Print shop</a>
          </li>
          <li>
            <a href="/shop/de">Druckladen</a>
          </li>
        </ul>
        <p className="served">
          This page came from the island zone: Next.js {process.env.ZONE_NEXT_VERSION}, App Router.
        </p>
      </div>
    </footer>
  )
}
