import type { NextConfig } from 'next'
import { version } from 'next/package.json'

const config: NextConfig = {
  output: 'standalone',
  basePath: '/shop',
  i18n: { locales: ['en', 'de'], defaultLocale: 'en' },
  // The edge in front compresses, once and for every zone alike.
  compress: false,
  // Without this, Next.js looks for lock files in the folders above.
  outputFileTracingRoot: __dirname,
  // Shown in the footer.
  env: { ZONE_NEXT_VERSION: version },
}

export default config
