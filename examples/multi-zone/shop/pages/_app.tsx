import type { AppProps } from 'next/app'
import localFont from 'next/font/local'
import { Footer } from '@/components/footer'
import { Masthead } from '@/components/masthead'
import '@/styles/ostrey.css'
import '@/styles/shop.css'

// From npm packages, so that a build needs nothing from any font service.
const display = localFont({
  src: '../node_modules/@fontsource/young-serif/files/young-serif-latin-400-normal.woff2',
  variable: '--font-display',
  weight: '400',
})
const text = localFont({
  src: '../node_modules/@fontsource-variable/hanken-grotesk/files/hanken-grotesk-latin-wght-normal.woff2',
  variable: '--font-text',
  weight: '100 900',
})

export default function App({ Component, pageProps }: AppProps) {
  return (
    <div className={`sheet ${display.variable} ${text.variable}`}>
      <Masthead />
      <main id="main">
        <Component {...pageProps} />
      </main>
      <Footer />
    </div>
  )
}
