import Link from 'next/link'
import { Flags } from './flags'

export function Footer() {
  return (
    <footer className="footer">
      <div className="footer-in">
        <div>
          <Flags />
          <p>Field notes are written by whoever has the kitchen table, and corrected by everybody else.</p>
        </div>
        <ul>
          <li>
            <Link href="/">All notes</Link>
          </li>
          <li>
            <Link href="/search">Search</Link>
          </li>
        </ul>
        <ul>
          <li>
            <a href="/">The island</a>
          </li>
          <li>
            <a href="/visit">Getting here</a>
          </li>
          <li>
            <a href="/shop">Print shop</a>
          </li>
        </ul>
        <p className="served">
          This page came from the field notes zone: Next.js {process.env.ZONE_NEXT_VERSION}, App Router.
        </p>
      </div>
    </footer>
  )
}
