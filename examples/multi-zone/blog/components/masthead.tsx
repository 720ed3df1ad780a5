import Link from 'next/link'
import { Flags } from './flags'
import { NavLink } from './nav-link'

// next/link adds the base path /blog by itself. Other zones are plain <a>:
// another application answers there, so the browser has to load a document.
export function Masthead() {
  return (
    <header className="masthead">
      <a className="skip" href="#main">
        Skip to the text
      </a>
      <a className="brand" href="/">
        <Flags />
        Ostrey
      </a>
      <nav className="zones" aria-label="Parts of the site">
        <a href="/">Island</a>
        <Link href="/" aria-current="true">
          Field notes
        </Link>
        <a href="/shop">Print shop</a>
      </nav>
      <nav className="pages" aria-label="Field notes">
        <NavLink href="/">All notes</NavLink>
        <NavLink href="/search">Search</NavLink>
      </nav>
    </header>
  )
}
