import Image from 'next/image'
import Link from 'next/link'

const boats = [
  { at: '08:20', from: 'Kelsund', to: 'Ostrey', name: 'Petrel' },
  { at: '11:15', from: 'Ostrey', to: 'Kelsund', name: 'Petrel' },
  { at: '16:45', from: 'Kelsund', to: 'Ostrey', name: 'Tystie' },
  { at: '19:30', from: 'Ostrey', to: 'Kelsund', name: 'Tystie' },
]

export default function Home() {
  return (
    <main>
      <Image className="sea" src="/crossing.jpg" alt="The ferry Tystie before a low sun" width={1400} height={875} sizes="(max-width: 56rem) 100vw, 55vw" loading="eager" fetchPriority="high" />
      <div className="timetable">
        <h1 data-testid="title">The boat to Ostrey</h1>
        <p>Two hours and ten minutes, dogs free. If you are late, wave.</p>
        <table>
          <caption>Every day but Christmas</caption>
          <thead>
            <tr>
              <th scope="col">Leaves</th>
              <th scope="col">Crossing</th>
              <th scope="col">Boat</th>
            </tr>
          </thead>
          <tbody>
            {boats.map((boat) => (
              <tr key={boat.at}>
                <td>{boat.at}</td>
                <th scope="row">
                  {boat.from} to {boat.to}
                </th>
                <td>{boat.name}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p>
          <Link className="button" href="/stream" prefetch={false}>
            Listen to the ship’s radio
          </Link>
        </p>
      </div>
    </main>
  )
}
