import Link from 'next/link'
import { useRouter } from 'next/router'
import { useWords } from '@/lib/use-words'
import { Flags } from './flags'

// next/link adds the base path and the language by itself. Other zones are
// plain <a>: another application answers there.
export function Masthead() {
  const { asPath, pathname } = useRouter()
  const { locale, w } = useWords()
  const other = locale === 'de' ? 'en' : 'de'

  // Next.js sends the start page on to the language of the browser, unless
  // this cookie says what was chosen.
  const remember = () => {
    document.cookie = `NEXT_LOCALE=${other}; path=/shop; max-age=31536000; samesite=lax`
  }

  return (
    <header className="masthead">
      <a className="skip" href="#main">
        {w.skip}
      </a>
      <a className="brand" href="/">
        <Flags />
        Ostrey
      </a>
      <nav className="zones" aria-label={w.parts}>
        <a href="/">{w.island}</a>
        <a href="/blog">{w.notes}</a>
        <Link href="/" aria-current="true">
          {w.shop}
        </Link>
      </nav>
      <nav className="pages" aria-label={w.shop}>
        <Link href="/" aria-current={pathname === '/' ? 'page' : undefined}>
          {w.prints}
        </Link>
        <Link href="/basket" aria-current={pathname === '/basket' ? 'page' : undefined}>
          {w.basket}
        </Link>
        <Link className="language" data-testid="language" href={asPath} locale={other} lang={other} hrefLang={other} onClick={remember}>
          {w.other}
        </Link>
      </nav>
    </header>
  )
}
