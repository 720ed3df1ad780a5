import type { Metadata } from 'next'
import Link from 'next/link'

export const metadata: Metadata = { title: 'About' }

export default function About() {
  return (
    <>
      <div className="two-up">
        <h1 data-testid="title">An island you can read about, and only that.</h1>
        <p className="lead">
          Ostrey is made up. The site is not: it is the example that comes with caddy-nextjs, three Next.js applications
          behind one Caddy.
        </p>
      </div>
      <div className="three-up">
        <section>
          <h2>The island</h2>
          <p>
            Home, visit, tides, the lantern and the guestbook. Next.js 16 with the App Router at the root of the site:
            static pages, one that renews itself, one that streams, server actions and events.
          </p>
        </section>
        <section>
          <h2>
            <a href="/blog">Field notes</a>
          </h2>
          <p>
            Next.js 16, App Router, below /blog, with its own prefix for assets. Deployed by whoever writes; the rest of
            the site does not notice.
          </p>
        </section>
        <section>
          <h2>
            <a href="/shop">Print shop</a>
          </h2>
          <p>
            Next.js 15 with the Pages Router below /shop, in English and German. Older than the rest, as shops are, and
            in no hurry to move.
          </p>
        </section>
      </div>
      <p className="after">
        The footer of each page says which of the three it came from. All pictures were drawn for this site.{' '}
        <Link href="/nowhere" prefetch={false}>One page is missing on purpose.</Link>
      </p>
    </>
  )
}
