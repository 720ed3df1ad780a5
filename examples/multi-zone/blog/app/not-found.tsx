import type { Metadata } from 'next'
import Link from 'next/link'

export const metadata: Metadata = { title: 'No such note' }

export default function NotFound() {
  return (
    <div className="opening">
      <h1 data-testid="title">Nobody wrote that down.</h1>
      <div>
        <p className="lead">It may have happened all the same. Ask in the bakery.</p>
        <Link className="button" href="/">
          All notes
        </Link>
      </div>
    </div>
  )
}
