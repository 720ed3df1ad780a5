import type { NextConfig } from 'next'
import { version } from 'next/package.json'

const config: NextConfig = {
  output: 'standalone',
  // The edge in front compresses, so this process does not have to.
  compress: false,
  // Without these two, Next.js looks for lock files in the folders above.
  outputFileTracingRoot: __dirname,
  turbopack: { root: __dirname },
  env: { NEXT_VERSION: version },
}

export default config
