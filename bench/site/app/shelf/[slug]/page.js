import Link from 'next/link'

// One period of the figure `navigations`.
export const revalidate = 5
export const generateStaticParams = () => []

const words = 'lantern wind west southwest force four cloud north stars south visibility ships answered one politely beam passing skerries somebody reading gauge footsteps stairs keeper harbour tide'.split(' ')

// text is the same each time.
function text(seed, length) {
  const said = []
  for (let n = 0; n < length; n++) {
    seed = (seed * 1103515245 + 12345) % 2147483648
    said.push(words[(seed >> 8) % words.length])
  }
  return said.join(' ')
}

// A page of 10 KB as it is sent. Nothing of it changes, unless its slug begins with `live`.
export default async function Page({ params }) {
  const { slug } = await params
  globalThis.renders ??= {}
  globalThis.renders[slug] = (globalThis.renders[slug] ?? 0) + 1
  const number = Number(slug.split('-').at(-1))
  return (
    <main>
      <h1>{slug}</h1>
      {slug.startsWith('live') && <p>made at {Date.now()}</p>}
      {[1, 2, 3, 4, 5, 6].map((n) => <p key={n}>{text(number * 10 + n, 50)}</p>)}
      {[1, 2, 3, 4].map((n) => <Link key={n} href={slug.replace(/\d+$/, (number + n) % 200)}>further {n}</Link>)}
    </main>
  )
}
