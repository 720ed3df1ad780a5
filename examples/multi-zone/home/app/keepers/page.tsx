import type { Metadata } from 'next'
import Link from 'next/link'

export const metadata: Metadata = { title: 'The keepers’ house', robots: { index: false } }

// A static page would be marked as good for every visitor for a year, and a
// cache in front could show it to those proxy.ts keeps out.
export const dynamic = 'force-dynamic'

const rules = [
  'Trim the wick at four, not at half past.',
  'Whoever finishes the coffee rows for the coffee.',
  'Write the wind down before you complain about it.',
  'A moth at the glass is a visitor. Note it as one.',
  'Nobody looks into the light. Nobody looks away either.',
]

export default function Keepers() {
  return (
    <>
      <div className="two-up">
        <h1 data-testid="title">You have the key.</h1>
        <p className="lead">
          Mind the third step. The logbooks start in 1874 and are on the left; the biscuits start on Tuesday and are on
          the right.
        </p>
      </div>
      <section className="rules">
        <h2>House rules, as painted on the door</h2>
        <ol>
          {rules.map((rule) => (
            <li key={rule}>{rule}</li>
          ))}
        </ol>
      </section>
      <p className="actions">
        <Link className="button" href="/live">
          Up to the lantern
        </Link>
      </p>
      <form action="/api/keeper?return" method="post">
        <button className="plain" type="submit">
          Hand the key back
        </button>
      </form>
    </>
  )
}
