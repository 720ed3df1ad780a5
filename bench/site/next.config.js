/** @type {import('next').NextConfig} */
module.exports = {
  output: 'standalone',
  // variants.mjs builds into other folders.
  distDir: process.env.BENCH_DIST ?? '.next',
  // Without these two, Next.js looks for lock files in the folders above.
  outputFileTracingRoot: __dirname,
  turbopack: { root: __dirname },
}
