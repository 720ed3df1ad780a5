import type { Metadata, Viewport } from 'next'
import localFont from 'next/font/local'
import type { ReactNode } from 'react'
import { Footer } from '@/components/footer'
import { Masthead } from '@/components/masthead'
import './ostrey.css'
import './notes.css'

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
const reading = localFont({
  src: '../node_modules/@fontsource-variable/newsreader/files/newsreader-latin-opsz-normal.woff2',
  variable: '--font-reading',
  weight: '200 800',
})

export const metadata: Metadata = {
  title: { default: 'Field notes · Ostrey', template: '%s · Field notes' },
  description: 'Notes from Ostrey, a small island in the North Sea.',
}

export const viewport: Viewport = {
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#e6eeeb' },
    { media: '(prefers-color-scheme: dark)', color: '#0a1a23' },
  ],
}

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" className={`${display.variable} ${text.variable} ${reading.variable}`}>
      <body data-zone="blog">
        <Masthead />
        <main id="main">{children}</main>
        <Footer />
      </body>
    </html>
  )
}
