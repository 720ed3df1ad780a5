import { depths, heights, shore } from './chart-lines'

const marks = [
  { n: 1, x: 404, y: 268, name: 'Harbour' },
  { n: 2, x: 626, y: 226, name: 'Lantern' },
  { n: 3, x: 536, y: 178, name: 'Observatory' },
  { n: 4, x: 318, y: 204, name: 'North Strand' },
  { n: 5, x: 346, y: 336, name: 'Print shop' },
  { n: 6, x: 648, y: 402, name: 'Seal skerries' },
]

/** The chart of the island, with the marks the list beside it explains. */
export function Chart() {
  return (
    <svg className="chart" viewBox="0 0 800 550" role="img" aria-label="Chart of Ostrey: a long island with a bay and harbour on its south side">
      {depths.map((d) => (
        <path key={d} className="depth" d={d} />
      ))}
      <path className="shore" d={shore} />
      {heights.map((d) => (
        <path key={d} className="height" d={d} />
      ))}
      <path className="route" d="M800 536C700 520 500 480 416 290" />
      <text className="sea-name" x="604" y="504" transform="rotate(15 604 504)">
        to Kelsund
      </text>
      <text className="sea-name" x="36" y="470">
        Western Deeps
      </text>
      {marks.map((mark) => (
        <g key={mark.n} transform={`translate(${mark.x} ${mark.y})`}>
          <circle className="mark" r="17" />
          <text className="mark-n" textAnchor="middle" y="6.5">
            {mark.n}
          </text>
        </g>
      ))}
    </svg>
  )
}

export function ChartKey() {
  return (
    <ol className="chart-key">
      {marks.map((mark) => (
        <li key={mark.n}>{mark.name}</li>
      ))}
    </ol>
  )
}
