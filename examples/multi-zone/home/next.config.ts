import type { NextConfig } from 'next'
import { version } from 'next/package.json'

const config: NextConfig = {
  output: 'standalone',
  // The edge in front compresses, once and for every zone alike.
  compress: false,
  // Without these two, Next.js looks for lock files in the folders above.
  outputFileTracingRoot: __dirname,
  turbopack: { root: __dirname },
  // Shown in the footer.
  env: { ZONE_NEXT_VERSION: version },
}

export default config
