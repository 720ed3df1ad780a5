import Link from 'next/link'

export default function NotFound() {
  return (
    <main className="radio">
      <h1 data-testid="title">No boat goes there.</h1>
      <p>Two a day, and both go to Ostrey.</p>
      <p>
        <Link className="button" href="/">
          See the timetable
        </Link>
      </p>
    </main>
  )
}
