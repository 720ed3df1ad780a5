import Image, { getImageProps } from 'next/image'
import Link from 'next/link'

const notes = [
  { slug: 'the-comet-supper', title: 'The comet supper', about: 'We put out the street lamps. Both of them.' },
  { slug: 'fog-signal', title: 'What the fog signal says', about: 'Two long, one short, and the kettle goes on.' },
  { slug: 'counting-seals', title: 'Counting seals badly', about: 'A hundred and twelve, or possibly a hundred and nine.' },
]

// One picture by day, another at night: <picture> chooses by colour scheme,
// and next/image makes the sizes of both.
function Hero() {
  const shared = { alt: 'The harbour of Ostrey below its lighthouse, the ferry coming in', width: 1800, height: 1125, sizes: '100vw' }
  const dayProps = getImageProps({ ...shared, src: '/harbour.jpg', fetchPriority: 'high', loading: 'eager' }).props
  const nightProps = getImageProps({ ...shared, src: '/harbour-night.jpg' }).props
  return (
    <picture className="hero-picture">
      <source media="(prefers-color-scheme: dark)" srcSet={nightProps.srcSet} sizes={nightProps.sizes} />
      <img {...dayProps} alt={shared.alt} />
    </picture>
  )
}

export default function Home() {
  return (
    <>
      <section className="hero">
        <h1 data-testid="title">
          <span>One island,</span> <span>one lantern,</span> <span>two boats a day.</span>
        </h1>
        <div className="hero-side">
          <p className="lead">
            Ostrey lies two hours and ten minutes out. There is a harbour, a hill to look at stars from, and time to do
            it in.
          </p>
          <Link className="button" href="/visit">
            Plan a crossing
          </Link>
        </div>
        <Hero />
      </section>

      <section className="board" aria-labelledby="board">
        <div>
          <h2 id="board">On the quay today</h2>
          <p className="note">
            Every day but Christmas. Above force 8 the boats stay in; <Link href="/tides">the tide table</Link> carries
            on regardless. The full <a href="/docs/timetable.txt">timetable</a> is also there{' '}
            <a href="/docs/f%C3%A4hr%20plan.txt" lang="de" hrefLang="de">
              auf Deutsch
            </a>
            .
          </p>
        </div>
        <table>
          <thead className="hidden">
            <tr>
              <th>Time</th>
              <th>What</th>
              <th>Detail</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <td>10:30</td>
              <th scope="row">The Petrel comes in</th>
              <td>with post, bread flour and you</td>
            </tr>
            <tr>
              <td>11:15</td>
              <th scope="row">Back to Kelsund</th>
              <td>wave if you are late</td>
            </tr>
            <tr>
              <td>18:55</td>
              <th scope="row">The Tystie comes in</th>
              <td>the quay lights are on</td>
            </tr>
            <tr>
              <td>Dusk</td>
              <th scope="row">
                <Link href="/live">The lantern is lit</Link>
              </th>
              <td>112 steps, one match</td>
            </tr>
          </tbody>
        </table>
      </section>

      <section className="watch">
        <Image src="/lantern.jpg" alt="The lighthouse of Ostrey at night, its beam to both sides" width={900} height={1125} sizes="(max-width: 44rem) 100vw, 40vw" />
        <div>
          <h2>Somebody is up there</h2>
          <p>
            The light was never automated. The parish voted on it three times and each time the same people stayed
            afterwards to wash the cups. So every evening a keeper climbs up, and you may keep watch along from wherever
            you are, hold the beam where it is for a moment, and wave to whoever else is awake.
          </p>
          <p className="actions">
            <Link className="button" href="/live">
              Keep watch
            </Link>
            <a className="button plain" href="/tonight">
              How it looks tonight
            </a>
          </p>
        </div>
      </section>

      <section className="places" aria-labelledby="places">
        <h2 id="places">Three walks from the harbour</h2>
        <figure className="plate wide">
          <Image src="/strand.jpg" alt="Two people and a dog on the North Strand" width={1000} height={750} sizes="(max-width: 44rem) 100vw, 60vw" />
          <figcaption>
            <h3>North Strand, 40 minutes</h3>
            Sand all the way round at low water. The dog is called Bosun and will come along.
          </figcaption>
        </figure>
        <figure className="plate">
          <Image src="/observatory.jpg" alt="The observatory on the hill under turning stars" width={1000} height={750} sizes="(max-width: 44rem) 100vw, 36vw" />
          <figcaption>
            <h3>The observatory, 25 minutes</h3>
            A 1931 refractor on the hill. Fridays it is yours: bring a coat, the roof is open.
          </figcaption>
        </figure>
        <figure className="plate low">
          <Image src="/crossing.jpg" alt="The ferry crossing in front of a low sun" width={1000} height={750} sizes="(max-width: 44rem) 100vw, 36vw" />
          <figcaption>
            <h3>The pier head, 4 minutes</h3>
            Nobody goes to bed before the evening boat is in.
          </figcaption>
        </figure>
      </section>

      <section className="elsewhere">
        <div>
          <h2>
            <a href="/blog">Field notes</a>
          </h2>
          <ul className="reading">
            {notes.map((note) => (
              <li key={note.slug}>
                <a href={`/blog/${note.slug}`}>{note.title}</a>
                <span className="note">{note.about}</span>
              </li>
            ))}
          </ul>
        </div>
        <div>
          <h2>
            <a href="/shop">Print shop</a>
          </h2>
          <p>
            Seven linocuts, pulled by hand in the old net loft and posted with the evening boat. From 18 euros, which
            keeps the roof on.
          </p>
          <p>
            <a href="/shop">See the prints</a>, or{' '}
            <a href="/shop/de" hrefLang="de" lang="de">
              auf Deutsch
            </a>
            .
          </p>
          <p className="note">
            Been here before? <Link href="/guestbook">Sign the guestbook.</Link>
          </p>
        </div>
      </section>
    </>
  )
}
