/** @type {import('next').NextConfig} */
module.exports = {
  output: 'standalone',
  // Without these two, Next.js looks for lock files in the folders above.
  outputFileTracingRoot: __dirname,
  turbopack: { root: __dirname },
}
