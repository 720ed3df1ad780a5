import type { Metadata } from 'next'
import Link from 'next/link'
import { Suspense } from 'react'
import { Chart, ChartKey } from '@/components/chart'
import { LockedNote } from '@/components/locked-note'

export const metadata: Metadata = { title: 'Visit' }

export default function Visit() {
  return (
    <>
      <Suspense>
        <LockedNote />
      </Suspense>
      <div className="two-up">
        <h1 data-testid="title">Come over on the morning boat.</h1>
        <p className="lead">
          The ferry leaves Kelsund at 08:20 and 16:45. There are nineteen beds on the island, no cars, and a bakery that
          opens when the lamp is out.
        </p>
      </div>

      <div className="chart-wrap">
        <Chart />
        <ChartKey />
      </div>

      <div className="three-up">
        <section>
          <h2>Getting here</h2>
          <p>
            Trains to Kelsund stop on the pier. Buy the ticket on board; the purser has change and opinions. The crossing
            takes two hours and ten minutes, less with the tide behind you.
          </p>
          <p>
            Take the timetable along: <a href="/docs/timetable.txt">in English</a>,{' '}
            <a href="/docs/f%C3%A4hr%20plan.txt" hrefLang="de" lang="de">
              auf Deutsch
            </a>
            .
          </p>
        </section>
        <section>
          <h2>Staying</h2>
          <p>
            The Tide House has eleven rooms and one bath with a view. The other eight beds are with people: ask in the
            bakery. Bring a torch, a jersey and something to read aloud.
          </p>
          <p>
            Walks along the strand need low water. Look at <Link href="/tides">the tides</Link> first.
          </p>
        </section>
        <section id="key">
          <h2>The keepers’ house</h2>
          <p>It is open to anyone who asks, so that somebody always knows who is in there.</p>
          <form action="/api/keeper" method="post">
            <button type="submit">Ask for the key</button>
          </form>
          <p className="note after">
            Sets one cookie for a day. <Link href="/keepers" prefetch={false}>Try the door without it.</Link>
          </p>
        </section>
      </div>
    </>
  )
}
