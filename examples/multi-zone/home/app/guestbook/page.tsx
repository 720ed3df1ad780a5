import type { Metadata } from 'next'
import { entries } from '@/lib/guestbook'
import { GuestbookForm } from './form'

export const metadata: Metadata = { title: 'Guestbook' }
export const dynamic = 'force-dynamic'

const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })

export default function Guestbook() {
  return (
    <>
      <div className="two-up">
        <h1 data-testid="title">Write where the last ones wrote.</h1>
        <p className="lead">The book lies in the ferry office, next to the kettle. One line is plenty.</p>
      </div>
      <div className="guestbook">
        <GuestbookForm />
        <ol reversed>
          {entries().map((entry) => (
            <li key={entry.id} data-testid="guestbook-entry">
              <p>{entry.message}</p>
              <p className="note">
                <b>{entry.name}</b>, <time dateTime={new Date(entry.at).toISOString()}>{date.format(entry.at)}</time>
              </p>
            </li>
          ))}
        </ol>
      </div>
    </>
  )
}
