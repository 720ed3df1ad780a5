import type { Metadata } from 'next'
import { height, turns } from '@/lib/tide'

export const metadata: Metadata = { title: 'Tides' }

// Rendered again at most each ten seconds, when somebody asks; everybody in
// between gets the stored page.
export const revalidate = 10

const HOUR = 3_600_000
const WIDTH = 960
const clock = (at: number) => new Date(at).toISOString().slice(11, 16)

export default function Tides() {
  const now = Date.now()
  const from = Math.floor(now / HOUR) * HOUR - 2 * HOUR
  const x = (at: number) => ((at - from) / (26 * HOUR)) * WIDTH
  const y = (metres: number) => 232 - metres * 46
  const line = Array.from({ length: 157 }, (_, i) => from + (i * HOUR) / 6)
    .map((at) => `${x(at).toFixed(1)} ${y(height(at)).toFixed(1)}`)
    .join('L')
  const next = turns(now, 26).slice(0, 4)
  const rising = height(now + 60_000) > height(now)

  return (
    <>
      <div className="two-up">
        <h1 data-testid="title">The water is {rising ? 'coming in' : 'going out'}.</h1>
        <p className="lead">
          It stands {height(now).toFixed(1)} metres above chart datum. Below 1.2 you can walk round the North Strand with
          dry feet.
        </p>
      </div>

      <svg className="tide" viewBox={`0 0 ${WIDTH} 260`} preserveAspectRatio="xMinYMax slice" role="img" aria-label="The tide over the next day">
        {[1, 2, 3, 4].map((metres) => (
          <g key={metres}>
            <path className="tide-grid" d={`M0 ${y(metres)}H${WIDTH}`} />
            <text className="tide-scale" x="4" y={y(metres) - 5}>
              {metres} m
            </text>
          </g>
        ))}
        <path className="tide-water" d={`M${line}L${WIDTH} 260L0 260Z`} />
        <path className="tide-line" d={`M${line}`} />
        <path className="tide-now" d={`M${x(now).toFixed(1)} 8V260`} />
        <circle className="tide-dot" cx={x(now).toFixed(1)} cy={y(height(now)).toFixed(1)} r="9" />
      </svg>

      <table className="turns">
        <caption>Next turns, Universal Time</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Water</th>
            <th scope="col">Height</th>
          </tr>
        </thead>
        <tbody>
          {next.map((turn) => (
            <tr key={turn.at}>
              <td>{clock(turn.at)}</td>
              <th scope="row">{turn.high ? 'High' : 'Low'}</th>
              <td>{turn.metres.toFixed(1)} m</td>
            </tr>
          ))}
        </tbody>
      </table>

      <p className="note after">
        The gauge on the pier was last read at{' '}
        <time data-testid="rendered-at" dateTime={new Date(now).toISOString()}>
          {new Date(now).toISOString().slice(11, 19)}
        </time>{' '}
        and is read again every ten seconds, if anyone is looking.
      </p>
    </>
  )
}
