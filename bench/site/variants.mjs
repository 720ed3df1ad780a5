// variants.mjs: builds the application five times, each time with one component changed, into .next-1 to .next-5: for the figure `deployments`.
import { spawnSync } from 'node:child_process'

for (const variant of ['1', '2', '3', '4', '5']) {
  const env = { ...process.env, BENCH_DIST: `.next-${variant}`, NEXT_PUBLIC_VARIANT: variant }
  const done = spawnSync('node_modules/.bin/next', ['build'], { stdio: 'inherit', env })
  if (done.status !== 0) process.exit(done.status ?? 1)
}
