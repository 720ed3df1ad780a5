import type { Metadata } from 'next'
import Link from 'next/link'

export const metadata: Metadata = { title: 'Not on the chart' }

export default function NotFound() {
  return (
    <div className="two-up lost">
      <h1 data-testid="title">Not on the chart.</h1>
      <div>
        <p className="lead">There is only water here. The island is a little behind you.</p>
        <Link className="button" href="/">
          Back to the harbour
        </Link>
      </div>
    </div>
  )
}
