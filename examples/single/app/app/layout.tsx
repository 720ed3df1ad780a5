import type { Metadata, Viewport } from 'next'
import localFont from 'next/font/local'
import type { ReactNode } from 'react'
import './ferry.css'

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

export const metadata: Metadata = {
  title: { default: 'The Ostrey ferry', template: '%s · The Ostrey ferry' },
  description: 'Two boats a day between Kelsund and the island of Ostrey.',
}

export const viewport: Viewport = { themeColor: '#2b2a45' }

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" className={`${display.variable} ${text.variable}`}>
      <body>
        {children}
        <footer>
          Pictures and ferry are made up. Served by one Next.js {process.env.NEXT_VERSION} behind one Caddy.
        </footer>
      </body>
    </html>
  )
}
