// `next build` leaves static files out of the standalone folder, because an
// edge or CDN often serves them. Copied in, the folder runs anywhere by itself.
import { cpSync, existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const app = new URL('../', import.meta.url)
const copies = [
  ['.next/static/', '.next/standalone/.next/static/'],
  ['public/', '.next/standalone/public/'],
]

for (const [from, to] of copies) {
  const source = fileURLToPath(new URL(from, app))
  const target = fileURLToPath(new URL(to, app))
  // Start empty, so files of an earlier build do not stay behind.
  rmSync(target, { recursive: true, force: true })
  if (existsSync(source)) cpSync(source, target, { recursive: true })
}
