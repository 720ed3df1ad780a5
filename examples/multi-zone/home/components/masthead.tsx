import Link from 'next/link'
import { Flags } from './flags'
import { NavLink } from './nav-link'

// Links to other zones are plain <a>: another application answers there, so
// the browser has to load a document. Links inside the zone are next/link.
export function Masthead() {
  return (
    <header className="masthead">
      <a className="skip" href="#main">
        Skip to the text
      </a>
      <Link className="brand" href="/">
        <Flags />
        Ostrey
      </Link>
      <nav className="zones" aria-label="Parts of the site">
        <Link href="/" aria-current="true">
          Island
        </Link>
        <a href="/blog">Field notes</a>
        <a href="/shop">Print shop</a>
      </nav>
      <nav className="pages" aria-label="The island">
        <NavLink href="/visit">Visit</NavLink>
        <NavLink href="/tides">Tides</NavLink>
        <NavLink href="/live">Lantern</NavLink>
        <NavLink href="/guestbook">Guestbook</NavLink>
        <NavLink href="/about">About</NavLink>
      </nav>
    </header>
  )
}
