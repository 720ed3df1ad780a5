import type { Metadata } from 'next'
import Link from 'next/link'
import { setTimeout as sleep } from 'node:timers/promises'
import { Suspense } from 'react'

export const metadata: Metadata = { title: 'Ship’s radio' }
export const dynamic = 'force-dynamic'

const calls = [
  { after: 400, who: 'Bridge', says: 'Clear of the pier, forty-one on board and one goat.' },
  { after: 1100, who: 'Engine room', says: 'Both engines warm. So is the coffee.' },
  { after: 2000, who: 'Ostrey harbour', says: 'We can see you. Somebody is running with a suitcase, take it slowly.' },
]

async function Call({ after, who, says }: (typeof calls)[number]) {
  await sleep(after)
  return (
    <p className="call" data-testid="call">
      <b>{who}</b> {says}
    </p>
  )
}

/** Each call is sent when it is there, within one answer. */
export default function Radio() {
  return (
    <main className="radio">
      <h1 data-testid="title">Ship’s radio, channel 12</h1>
      <p data-testid="shell">You hear the sea first. The voices come as they come.</p>
      {calls.map((call) => (
        <Suspense key={call.who} fallback={<p className="call static">· · · — — —</p>}>
          <Call {...call} />
        </Suspense>
      ))}
      <p>
        <Link className="button" href="/">
          Back to the timetable
        </Link>
      </p>
    </main>
  )
}
