// Draws every picture of the example apps: flat "inks" cut like a lino print,
// then paper grain, then JPEG. Deterministic (seeded), so a second run gives
// the same pictures. It borrows the sharp that Next.js installs for the home app:
//
//   cd multi-zone/home && npm ci && cd ../../art && node draw.mjs
import { createRequire } from 'node:module'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const require = createRequire(join(here, '../multi-zone/home/package.json'))
const sharp = createRequire(require.resolve('next/package.json'))('sharp')

/* ---------- chance ---------- */

function chance(seed) {
  let a = seed >>> 0
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { next, between: (lo, hi) => lo + (hi - lo) * next(), pick: (list) => list[Math.floor(next() * list.length)] }
}

const f = (n) => Math.round(n * 10) / 10
let clipId = 0

/* ---------- inks ---------- */

const day = {
  sky: ['#f0d9a0', '#e9e4c9', '#a9cfd0'], far: '#86b3b5', mid: '#4f8a8c', near: '#1f5258', ink: '#0f2e36',
  sea: '#5fa3a8', seaLight: '#cfe6dd', seaDark: '#2d7077', white: '#f6f5ea', red: '#d8432b', yellow: '#f3bb2d', grass: '#8ea24f', grassDark: '#5c7a3c',
}
const night = {
  sky: ['#24506a', '#143a55', '#0a2138'], far: '#1d4560', mid: '#12324a', near: '#0a2233', ink: '#050f18',
  sea: '#123a52', seaLight: '#5d93a6', seaDark: '#0a2639', white: '#e8ecdf', red: '#c23c28', yellow: '#f7c948', grass: '#1f4a45', grassDark: '#12332f',
}
const fog = {
  sky: ['#dfe3dc', '#d3dbd6', '#bccbc9'], far: '#b5c5c3', mid: '#91a9a9', near: '#53757a', ink: '#23434b',
  sea: '#a9bebd', seaLight: '#e8ece5', seaDark: '#7f9c9e', white: '#f2f2ea', red: '#cc5138', yellow: '#e9b949', grass: '#8b9c7c', grassDark: '#647c66',
}
const dusk = {
  sky: ['#f2a24a', '#d9694a', '#5a4a6e'], far: '#8d5a68', mid: '#553f5c', near: '#2b2a45', ink: '#171a30',
  sea: '#a65c58', seaLight: '#f6c07a', seaDark: '#4b3a58', white: '#f8eeda', red: '#d8432b', yellow: '#f7c64b', grass: '#4d4a52', grassDark: '#34344a',
}

/* ---------- shapes ---------- */

const sky = (w, h, c, split = 0.62) =>
  `<defs><linearGradient id="sky" x1="0" y1="1" x2="0" y2="0"><stop offset="0" stop-color="${c.sky[0]}"/><stop offset=".45" stop-color="${c.sky[1]}"/><stop offset="1" stop-color="${c.sky[2]}"/></linearGradient></defs><rect width="${w}" height="${f(h * split + 2)}" fill="url(#sky)"/>`

/** A tapered cut, as a gouge leaves it. */
function cut(x, y, len, thick, fill, tilt = 0) {
  const path = `M0 0Q${f(len * 0.45)} ${f(-thick)} ${f(len)} 0Q${f(len * 0.55)} ${f(thick)} 0 0Z`
  return `<path d="${path}" transform="translate(${f(x)} ${f(y)}) rotate(${f(tilt)})" fill="${fill}"/>`
}

function skyCuts(rng, w, y0, y1, fill, count, unit) {
  let out = ''
  for (let i = 0; i < count; i++) {
    const y = rng.between(y0, y1)
    out += cut(rng.between(-unit * 4, w), y, rng.between(3, 11) * unit, unit * rng.between(0.12, 0.3), fill)
  }
  return `<g opacity=".55">${out}</g>`
}

function sea(rng, w, y0, y1, c, unit, { glint = null } = {}) {
  let out = `<rect x="0" y="${f(y0)}" width="${w}" height="${f(y1 - y0)}" fill="${c.sea}"/>`
  const rows = 34
  for (let i = 0; i < rows; i++) {
    const t = i / (rows - 1)
    const y = y0 + (y1 - y0) * Math.pow(t, 1.6) + unit * 0.2
    const size = unit * (0.5 + 2.6 * t)
    const n = Math.round((w / size / 5) * 1.05)
    for (let k = 0; k < n; k++) {
      const x = rng.between(-size * 3, w)
      const dark = rng.next() < 0.52
      const fill = dark ? c.seaDark : c.seaLight
      if (!dark && rng.next() < 0.35 * (1 - t)) continue
      out += cut(x, y + rng.between(-1, 1) * size * 0.35, size * rng.between(2, 6.4), size * rng.between(0.1, 0.26), fill, rng.between(-1.2, 1.2))
    }
    if (glint) {
      const spread = glint.width * (0.35 + 1.3 * t)
      for (let k = 0; k < 5; k++) {
        const len = size * rng.between(1.4, 4)
        out += cut(glint.x + rng.between(-1, 1) * spread - len / 2, y + rng.between(-1, 1) * size * 0.3, len, size * rng.between(0.18, 0.34), glint.fill)
      }
    }
  }
  return out
}

/** A skyline by midpoint displacement between fixed heights. */
function skyline(rng, anchors, rough, depth = 6) {
  let pts = anchors
  let amp = rough
  for (let d = 0; d < depth; d++) {
    const next = []
    for (let i = 0; i < pts.length - 1; i++) {
      const [ax, ay] = pts[i], [bx, by] = pts[i + 1]
      next.push(pts[i], [(ax + bx) / 2, (ay + by) / 2 + rng.between(-amp, amp)])
    }
    next.push(pts[pts.length - 1])
    pts = next
    amp *= 0.52
  }
  return pts
}

function land(rng, pts, base, fill, { cuts = 0, light = '#fff', unit = 10, opacity = 0.5, slope = 12 } = {}) {
  const d = `M${pts.map(([x, y]) => `${f(x)} ${f(y)}`).join('L')}L${f(pts[pts.length - 1][0])} ${f(base)}L${f(pts[0][0])} ${f(base)}Z`
  const id = `c${clipId++}`
  let out = ''
  for (let i = 0; i < cuts; i++) {
    const k = Math.floor(rng.between(1, pts.length - 1))
    const [x, top] = pts[k]
    const [px, py] = pts[k - 1], dx = pts[k][0] - px
    const dir = Math.atan2(top - py, dx) * (180 / Math.PI)
    const y = top + unit * 0.6 + (base - top) * Math.pow(rng.next(), 1.2)
    const len = unit * rng.between(1.4, 5)
    out += cut(x - len / 2, y, len, unit * rng.between(0.1, 0.26), light, dir * 0.35 + rng.between(-slope, slope))
  }
  return `<clipPath id="${id}"><path d="${d}"/></clipPath><path d="${d}" fill="${fill}"/><g clip-path="url(#${id})" opacity="${opacity}">${out}</g>`
}

const heightAt = (pts, x) => {
  for (let i = 1; i < pts.length; i++) if (pts[i][0] >= x) return pts[i][1]
  return pts[pts.length - 1][1]
}

function lighthouse(x, base, s, c, { lit = false, beamTo = null } = {}) {
  const h = 26 * s, top = base - h
  const body = (a, b) => `M${f(x - (3.1 - a * 1.2) * s)} ${f(base - a * h)}L${f(x + (3.1 - a * 1.2) * s)} ${f(base - a * h)}L${f(x + (3.1 - b * 1.2) * s)} ${f(base - b * h)}L${f(x - (3.1 - b * 1.2) * s)} ${f(base - b * h)}Z`
  let out = ''
  if (lit && beamTo) {
    for (const [bx, by0, by1, o] of beamTo) out += `<path d="M${f(x)} ${f(top - 3 * s)}L${f(bx)} ${f(by0)}L${f(bx)} ${f(by1)}Z" fill="${c.yellow}" opacity="${o}"/>`
  }
  out += `<path d="${body(0, 1)}" fill="${c.white}"/>`
  out += `<path d="${body(0.2, 0.42)}" fill="${c.red}"/><path d="${body(0.64, 0.84)}" fill="${c.red}"/>`
  // the shaded side, as a second ink over the first
  out += `<path d="M${f(x + 0.5 * s)} ${f(base)}L${f(x + 3.1 * s)} ${f(base)}L${f(x + 1.9 * s)} ${f(top)}L${f(x + 0.4 * s)} ${f(top)}Z" fill="${c.ink}" opacity=".32"/>`
  for (const a of [0.12, 0.52]) out += `<rect x="${f(x - 0.9 * s)}" y="${f(base - a * h - 1.6 * s)}" width="${f(1 * s)}" height="${f(2 * s)}" rx="${f(0.5 * s)}" fill="${c.ink}"/>`
  out += `<rect x="${f(x - 3 * s)}" y="${f(top - 0.9 * s)}" width="${f(6 * s)}" height="${f(1.3 * s)}" fill="${c.ink}"/>`
  out += `<rect x="${f(x - 1.7 * s)}" y="${f(top - 4.6 * s)}" width="${f(3.4 * s)}" height="${f(3.8 * s)}" fill="${lit ? c.yellow : c.white}"/>`
  for (const k of [-1.7, -0.1, 1.45]) out += `<rect x="${f(x + k * s)}" y="${f(top - 4.6 * s)}" width="${f(0.3 * s)}" height="${f(3.8 * s)}" fill="${c.ink}"/>`
  out += `<path d="M${f(x - 2.3 * s)} ${f(top - 4.4 * s)}Q${f(x)} ${f(top - 8.6 * s)} ${f(x + 2.3 * s)} ${f(top - 4.4 * s)}Z" fill="${c.ink}"/>`
  out += `<rect x="${f(x - 0.2 * s)}" y="${f(top - 9.4 * s)}" width="${f(0.4 * s)}" height="${f(3.4 * s)}" fill="${c.ink}"/>`
  if (lit) out += `<circle cx="${f(x)}" cy="${f(top - 2.8 * s)}" r="${f(7 * s)}" fill="${c.yellow}" opacity=".22"/><circle cx="${f(x)}" cy="${f(top - 2.8 * s)}" r="${f(4 * s)}" fill="${c.yellow}" opacity=".3"/>`
  return out
}

function house(rng, x, base, s, c, wall, lit) {
  const w = rng.between(6.5, 9.5) * s, h = rng.between(4, 5.2) * s, r = rng.between(3.2, 4.2) * s
  const roof = rng.pick([c.ink, c.near, c.red])
  let out = `<rect x="${f(x)}" y="${f(base - h)}" width="${f(w)}" height="${f(h + s)}" fill="${wall}"/>`
  out += `<path d="M${f(x - 0.7 * s)} ${f(base - h + 0.2 * s)}L${f(x + w * 0.18)} ${f(base - h - r)}L${f(x + w * 0.82)} ${f(base - h - r)}L${f(x + w + 0.7 * s)} ${f(base - h + 0.2 * s)}Z" fill="${roof}"/>`
  out += `<rect x="${f(x + w * 0.66)}" y="${f(base - h - r - 1.6 * s)}" width="${f(1.2 * s)}" height="${f(2.4 * s)}" fill="${c.ink}"/>`
  const n = 2 + Math.floor(rng.next() * 2)
  for (let i = 0; i < n; i++) {
    const on = lit && rng.next() < 0.7
    out += `<rect x="${f(x + ((i + 0.5) * w) / n - 0.6 * s)}" y="${f(base - h + 1.2 * s)}" width="${f(1.2 * s)}" height="${f(1.7 * s)}" fill="${on ? c.yellow : c.ink}"/>`
  }
  return out
}

function ferry(x, y, s, c, { lit = false, flip = false } = {}) {
  const parts = `
  <path d="M-20 0L22 0L25.5 -5.6L-19 -4.6Z" fill="${c.ink}"/>
  <path d="M-19.6 -2.2L23.2 -2.2L23.7 -3.1L-19.4 -2.9Z" fill="${c.red}"/>
  <path d="M-16 -4.6L16 -5L14.4 -10L-14.6 -9.6Z" fill="${c.white}"/>
  <path d="M-6 -9.6L10 -10L8.4 -14L-5 -13.8Z" fill="${c.white}"/>
  <path d="M-14.6 -9.6L14.4 -10L14.2 -10.7L-14.5 -10.3Z" fill="${c.ink}"/>
  <path d="M-12 -10L-6.6 -10L-7.2 -16.4L-10.8 -16.4Z" fill="${c.red}"/>
  <path d="M-10.9 -15L-7.1 -15L-7.2 -16.6L-10.8 -16.6Z" fill="${c.ink}"/>
  <path d="M7 -14L7.5 -14L7.5 -22L7 -22Z" fill="${c.ink}"/>
  <path d="M7.5 -21.6L11 -20.7L7.5 -19.6Z" fill="${c.red}"/>
  ${[-12, -8.4, -4.8, -1.2, 2.4, 6, 9.6].map((k) => `<rect x="${k}" y="-8" width="1.9" height="1.5" fill="${lit ? c.yellow : c.near}"/>`).join('')}
  ${[-3.4, -0.4, 2.6, 5.4].map((k) => `<rect x="${k}" y="-12.8" width="1.8" height="1.7" fill="${lit ? c.yellow : c.near}"/>`).join('')}
  <path d="M-24 0.6Q0 -1.4 27 0.6Q0 2.6 -24 0.6Z" fill="${c.seaLight}"/>
  <path d="M-34 2Q-20 1 -8 2Q-20 3.2 -34 2Z" fill="${c.seaLight}"/>`
  return `<g transform="translate(${f(x)} ${f(y)}) scale(${flip ? -s : s} ${s})">${parts}</g>`
}

function smoke(rng, x, y, s, fill) {
  let out = ''
  for (let i = 0; i < 16; i++) out += cut(x - i * 3.6 * s - rng.between(0, 8) * s, y - i * rng.between(0.5, 0.9) * s, rng.between(6, 14) * s, rng.between(0.6, 1.5) * s, fill, rng.between(-4, 8))
  return `<g opacity=".8">${out}</g>`
}

const gull = (x, y, s, fill, tilt = 0) =>
  `<path d="M-10 -2.6Q-5 -6 0 0Q5 -6 10 -3.2Q5 -3.6 0.4 1.8Q-5 -3.6 -10 -2.6Z" transform="translate(${f(x)} ${f(y)}) scale(${f(s * 10) / 10}) rotate(${tilt})" fill="${fill}"/>`

function gulls(rng, n, x0, x1, y0, y1, s, fill) {
  let out = ''
  for (let i = 0; i < n; i++) out += gull(rng.between(x0, x1), rng.between(y0, y1), s * rng.between(0.55, 1.2), fill, rng.between(-16, 16))
  return out
}

function stars(rng, w, y1, n, s, fill) {
  let out = ''
  for (let i = 0; i < n; i++) {
    const r = s * Math.pow(rng.next(), 3) * 1.5 + s * 0.28, x = rng.between(0, w), y = rng.between(0, y1)
    out += `<path d="M${f(x)} ${f(y - r)}L${f(x + r * 0.26)} ${f(y - r * 0.26)}L${f(x + r)} ${f(y)}L${f(x + r * 0.26)} ${f(y + r * 0.26)}L${f(x)} ${f(y + r)}L${f(x - r * 0.26)} ${f(y + r * 0.26)}L${f(x - r)} ${f(y)}L${f(x - r * 0.26)} ${f(y - r * 0.26)}Z" fill="${fill}"/>`
  }
  return out
}

function rays(cx, cy, r0, r1, n, fill, thick, opacity = 0.6) {
  let out = ''
  for (let i = 0; i < n; i++) {
    const a = (360 / n) * i
    out += `<g transform="rotate(${f(a)} ${f(cx)} ${f(cy)})">${cut(cx + r0, cy, (r1 - r0) * (i % 2 ? 0.7 : 1), thick, fill)}</g>`
  }
  return `<g opacity="${opacity}">${out}</g>`
}

function seal(x, y, s, fill, light, flip = 1) {
  return `<g transform="translate(${f(x)} ${f(y)}) scale(${f(s) * flip} ${f(s)})">
  <path d="M-26 0C-22 -7 -8 -10 2 -9C8 -8.6 11 -11 13 -14C15 -17.6 20 -18 22.4 -15.4C24.4 -13.4 25 -11 23 -9.6C20.4 -7.6 19 -4 16 0Z" fill="${fill}"/>
  <path d="M-26 0C-29 -3 -32 -7 -31 -9C-28.4 -8 -26 -6 -23 -3Z" fill="${fill}"/>
  <path d="M-18 -4Q-6 -8 4 -6Q-6 -6 -18 -4ZM-8 -2.6Q2 -5 10 -4Q2 -3.4 -8 -2.6Z" fill="${light}" opacity=".75"/>
  <circle cx="19.6" cy="-13.6" r=".8" fill="${light}"/></g>`
}

const dome = (x, base, s, c, lit) => `
  <rect x="${f(x - 9 * s)}" y="${f(base - 8 * s)}" width="${f(18 * s)}" height="${f(9 * s)}" fill="${c.white}"/>
  <rect x="${f(x + 1 * s)}" y="${f(base - 8 * s)}" width="${f(8 * s)}" height="${f(9 * s)}" fill="${c.ink}" opacity=".3"/>
  <path d="M${f(x - 9.6 * s)} ${f(base - 8 * s)}A${f(9.6 * s)} ${f(9.6 * s)} 0 0 1 ${f(x + 9.6 * s)} ${f(base - 8 * s)}Z" fill="${c.red}"/>
  <path d="M${f(x + 1.4 * s)} ${f(base - 17.6 * s)}Q${f(x + 9.6 * s)} ${f(base - 16 * s)} ${f(x + 9.6 * s)} ${f(base - 8 * s)}L${f(x + 5 * s)} ${f(base - 8 * s)}Q${f(x + 5 * s)} ${f(base - 14 * s)} ${f(x + 1.4 * s)} ${f(base - 17.6 * s)}Z" fill="${c.ink}" opacity=".28"/>
  <path d="M${f(x - 3 * s)} ${f(base - 17.2 * s)}L${f(x - 0.6 * s)} ${f(base - 17.6 * s)}Q${f(x - 1.4 * s)} ${f(base - 12 * s)} ${f(x - 1.2 * s)} ${f(base - 9.4 * s)}L${f(x - 4.8 * s)} ${f(base - 9.4 * s)}Q${f(x - 4.6 * s)} ${f(base - 14 * s)} ${f(x - 3 * s)} ${f(base - 17.2 * s)}Z" fill="${lit ? c.yellow : c.ink}"/>
  <rect x="${f(x - 10 * s)}" y="${f(base - 8.4 * s)}" width="${f(20 * s)}" height="${f(1 * s)}" fill="${c.ink}"/>
  <rect x="${f(x - 6.4 * s)}" y="${f(base - 5 * s)}" width="${f(2.6 * s)}" height="${f(6 * s)}" fill="${c.ink}"/>
  <rect x="${f(x + 2.6 * s)}" y="${f(base - 5.4 * s)}" width="${f(2 * s)}" height="${f(2.4 * s)}" fill="${lit ? c.yellow : c.ink}"/>`

function grass(rng, w, y, h, n, fill, s) {
  let out = ''
  for (let i = 0; i < n; i++) {
    const x = rng.between(-20, w + 20), len = rng.between(0.5, 1.2) * h, lean = rng.between(-4, 16) * s
    out += `<path d="M${f(x - s)} ${f(y)}Q${f(x + lean * 0.2)} ${f(y - len * 0.6)} ${f(x + lean)} ${f(y - len)}Q${f(x + lean * 0.5)} ${f(y - len * 0.5)} ${f(x + 1.4 * s)} ${f(y)}Z" fill="${fill}"/>`
  }
  return out
}

const flagArt = {
  O: '<path d="M0 0H10V10Z" fill="#d8432b"/><path d="M0 0V10H10Z" fill="#f3bb2d"/>',
  S: '<path d="M0 0H10V10H0Z" fill="#f6f5ea"/><path d="M3.3 3.3H6.7V6.7H3.3Z" fill="#1f5a8c"/>',
  T: '<path d="M0 0H3.34V10H0Z" fill="#d8432b"/><path d="M3.33 0H6.67V10H3.33Z" fill="#f6f5ea"/><path d="M6.66 0H10V10H6.66Z" fill="#1f5a8c"/>',
  R: '<path d="M0 0H10V10H0Z" fill="#d8432b"/><path d="M4 0H6V10H4ZM0 4H10V6H0Z" fill="#f3bb2d"/>',
  E: '<path d="M0 0H10V5H0Z" fill="#1f5a8c"/><path d="M0 5H10V10H0Z" fill="#d8432b"/>',
  Y: '<path d="M0 0H10V10H0Z" fill="#f3bb2d"/><path d="M2 0L0 2V0ZM6 0L0 6V4L4 0ZM10 0L0 10V8L8 0ZM10 4L4 10H2L10 2ZM10 8L8 10H6L10 6Z" fill="#d8432b"/>',
}
const flag = (letter, x, y, s, tilt = 0) => `<g transform="translate(${f(x)} ${f(y)}) rotate(${tilt}) scale(${s / 10})">${flagArt[letter]}</g>`

/* ---------- pictures ---------- */

function village(rng, pts, x0, x1, n, s, c, lit, lift = 0) {
  let out = ''
  const step = (x1 - x0) / n
  for (let i = 0; i < n; i++) {
    const x = x0 + i * step + rng.between(0, step * 0.35)
    out += house(rng, x, heightAt(pts, x + 4 * s) + 2.4 * s + lift, s * rng.between(0.85, 1.15), c, rng.pick([c.white, c.white, c.yellow, lit ? c.mid : '#e6d9bd']), lit)
  }
  return out
}

function harbour(w, h, c, lit, seed = 7) {
  const rng = chance(seed), u = w / 160, horizon = h * 0.56
  let s = sky(w, h, c, 0.58)
  if (lit) s += stars(rng, w, horizon * 0.8, 130, u * 0.55, c.white)
  const sun = [w * 0.33, h * 0.3]
  if (lit) s += `<g transform="translate(${f(w * 0.2)} ${f(h * 0.36)}) scale(${f(h * 0.05)})"><path d="M0.25 -1A1.05 1.05 0 1 0 1 0.55A0.9 0.9 0 0 1 0.25 -1Z" fill="${c.white}"/></g>`
  else s += rays(...sun, h * 0.15, h * 0.36, 44, c.white, u * 0.34, 0.75) + `<circle cx="${f(sun[0])}" cy="${f(sun[1])}" r="${f(h * 0.115)}" fill="${c.white}"/><circle cx="${f(sun[0] + u * 0.5)}" cy="${f(sun[1] + u * 0.4)}" r="${f(h * 0.112)}" fill="${c.yellow}"/>`
  s += skyCuts(rng, w, horizon * 0.55, horizon * 0.98, lit ? c.far : c.white, 46, u)
  const far = skyline(rng, [[-10, horizon - h * 0.01], [w * 0.1, horizon - h * 0.05], [w * 0.22, horizon - h * 0.03], [w * 0.36, horizon - h * 0.012], [w * 0.5, horizon]], h * 0.012)
  s += land(rng, far, horizon + 2, c.far, {})
  s += sea(rng, w, horizon, h, c, u, { glint: lit ? null : { x: sun[0], width: w * 0.05, fill: c.yellow } })
  // the headland with the lantern
  const hill = skyline(rng, [[w * 0.44, horizon + h * 0.03], [w * 0.5, horizon - h * 0.035], [w * 0.6, horizon - h * 0.12], [w * 0.715, horizon - h * 0.175], [w * 0.82, horizon - h * 0.15], [w * 0.92, horizon - h * 0.21], [w + 10, horizon - h * 0.24]], h * 0.018)
  const lx = w * 0.715
  s += lighthouse(lx, heightAt(hill, lx) + u, u * 0.74, c, { lit, beamTo: lit ? [[-20, h * 0.08, h * 0.27, 0.34], [w + 20, h * 0.06, h * 0.2, 0.3]] : null })
  s += land(rng, hill, horizon + h * 0.06, c.grass, { cuts: 520, light: c.grassDark, unit: u * 1.1, opacity: 0.9, slope: 20 })
  const shore = skyline(rng, [[w * 0.42, horizon + h * 0.075], [w * 0.52, horizon + h * 0.028], [w * 0.68, horizon + h * 0.0], [w * 0.84, horizon - h * 0.02], [w + 10, horizon - h * 0.05]], h * 0.008)
  s += village(rng, shore, w * 0.58, w * 0.99, 11, u * 0.78, c, lit, -h * 0.012)
  s += land(rng, shore, horizon + h * 0.1, c.near, { cuts: 200, light: c.mid, unit: u, opacity: 0.9, slope: 8 })
  s += village(rng, shore, w * 0.64, w * 0.98, 7, u * 0.98, c, lit, h * 0.042)
  // quay
  s += `<path d="M${f(w * 0.4)} ${f(horizon + h * 0.1)}L${w + 10} ${f(horizon + h * 0.058)}L${w + 10} ${f(horizon + h * 0.135)}L${f(w * 0.405)} ${f(horizon + h * 0.132)}Z" fill="${c.ink}"/>`
  for (let i = 0; i < 60; i++) s += cut(rng.between(w * 0.42, w), horizon + rng.between(0.092, 0.128) * h, u * rng.between(1.5, 4), u * 0.13, c.mid)
  s += `<rect x="${f(w * 0.412)}" y="${f(horizon + h * 0.055)}" width="${f(u * 0.7)}" height="${f(h * 0.06)}" fill="${c.ink}"/><circle cx="${f(w * 0.412 + u * 0.35)}" cy="${f(horizon + h * 0.05)}" r="${f(u * 0.9)}" fill="${lit ? c.yellow : c.red}"/>`
  // reflections of the houses
  for (let i = 0; i < 70; i++) s += cut(rng.between(w * 0.52, w), horizon + rng.between(0.145, 0.23) * h, u * rng.between(1, 4), u * 0.2, lit ? rng.pick([c.yellow, c.seaLight]) : rng.pick([c.white, c.red, c.yellow]))
  s += smoke(rng, w * 0.215, horizon + h * 0.045, u * 0.45, lit ? c.far : c.white)
  s += ferry(w * 0.27, horizon + h * 0.13, u * 0.62, c, { lit })
  // rowing boats
  for (const [bx, by, bs, col] of [[0.58, 0.8, 1.15, c.red], [0.7, 0.88, 1.4, c.white]]) {
    s += `<g transform="translate(${f(w * bx)} ${f(h * by)}) scale(${f(u * bs)})"><path d="M-8 -2.4Q0 -1.4 8.4 -3.2Q6.4 1.4 3.6 1.4L-5 1.4Q-7.4 0.4 -8 -2.4Z" fill="${c.ink}"/><path d="M-8 -2.6Q0 -1.6 8.4 -3.4L8 -2Q0 -0.2 -7.4 -1.2Z" fill="${col}"/><path d="M-10 2.2Q0 1 10 2.2Q0 3.2 -10 2.2Z" fill="${c.seaDark}"/></g>`
  }
  if (!lit) s += gulls(rng, 9, w * 0.4, w * 0.66, h * 0.1, h * 0.36, u * 0.3, c.white) + gulls(rng, 4, w * 0.05, w * 0.2, h * 0.3, h * 0.42, u * 0.22, c.ink)
  return s
}

function lantern(w, h, c, seed = 21) {
  const rng = chance(seed), u = Math.min(w, h) / 100, horizon = h * 0.8
  let s = sky(w, h, c, 0.82) + stars(rng, w, h * 0.7, 150, u * 0.75, c.white)
  const cx = w * 0.5
  s += skyCuts(rng, w, h * 0.5, horizon, c.far, 44, u)
  s += sea(rng, w, horizon, h, c, u)
  const rock = skyline(rng, [[w * 0.1, h * 0.9], [w * 0.24, h * 0.82], [w * 0.4, h * 0.765], [w * 0.6, h * 0.76], [w * 0.75, h * 0.81], [w * 0.93, h * 0.9]], h * 0.02)
  const ls = u * 1.55
  s += lighthouse(cx, h * 0.775, ls, c, { lit: true, beamTo: [[-20, h * 0.06, h * 0.26, 0.42], [w + 20, h * 0.2, h * 0.4, 0.42]] })
  s += land(rng, rock, h * 0.94, c.ink, { cuts: 210, light: c.mid, unit: u * 1.3, opacity: 0.9, slope: 24 })
  for (let i = 0; i < 60; i++) s += cut(rng.between(0.05, 0.9) * w, h * rng.between(0.89, 0.94), u * rng.between(3, 9), u * 0.35, c.seaLight)
  for (let i = 0; i < 40; i++) s += cut(cx + rng.between(-1, 1) * w * 0.1, h * rng.between(0.94, 0.99), u * rng.between(2, 6), u * 0.4, c.yellow)
  return s
}

/** The lantern from further off and without its beam, which the page turns itself. */
function watch(w, h, c, seed = 27) {
  const rng = chance(seed), u = h / 100, horizon = h * 0.76
  let s = sky(w, h, c, 0.78) + stars(rng, w, h * 0.68, 190, u * 0.85, c.white) + skyCuts(rng, w, h * 0.45, horizon, c.far, 44, u)
  s += sea(rng, w, horizon, h, c, u)
  const rock = skyline(rng, [[w * 0.24, h * 0.87], [w * 0.34, h * 0.79], [w * 0.45, h * 0.735], [w * 0.55, h * 0.73], [w * 0.64, h * 0.78], [w * 0.77, h * 0.87]], h * 0.016)
  s += lighthouse(w * 0.5, h * 0.745, u * 1.5, c, { lit: true })
  s += land(rng, rock, h * 0.9, c.ink, { cuts: 200, light: c.mid, unit: u * 1.3, opacity: 0.9, slope: 24 })
  for (let i = 0; i < 60; i++) s += cut(rng.between(0.2, 0.78) * w, h * rng.between(0.85, 0.9), u * rng.between(3, 9), u * 0.35, c.seaLight)
  for (let i = 0; i < 46; i++) s += cut(w * 0.5 + rng.between(-1, 1) * w * 0.06, h * rng.between(0.9, 0.99), u * rng.between(2, 6), u * 0.4, c.yellow)
  return s
}

function observatory(w, h, c, seed = 5, comet = false) {
  const rng = chance(seed), u = Math.min(w, h) / 100
  let s = sky(w, h, c, 1) + stars(rng, w, h * 0.75, 220, u * 0.7, c.white)
  if (comet) {
    const cx = w * 0.24, cy = h * 0.4
    let tail = ''
    for (let i = 0; i < 46; i++) tail += cut(0, rng.between(-1, 1) * u * 1.8, u * rng.between(24, 84), u * rng.between(0.18, 0.6), rng.pick([c.white, c.white, c.yellow]), rng.between(-9, 9))
    s += `<g transform="translate(${f(cx)} ${f(cy)}) rotate(-24)" opacity=".8">${tail}</g><circle cx="${f(cx)}" cy="${f(cy)}" r="${f(u * 3)}" fill="${c.white}"/>`
  } else {
    // star trails round the pole
    const cx = w * 0.36, cy = h * 0.2
    for (let i = 0; i < 26; i++) {
      const r = u * (5 + i * 3.4), a0 = rng.between(0, 6.28), a1 = a0 + rng.between(0.5, 1.5)
      s += `<path d="M${f(cx + r * Math.cos(a0))} ${f(cy + r * Math.sin(a0))}A${f(r)} ${f(r)} 0 0 1 ${f(cx + r * Math.cos(a1))} ${f(cy + r * Math.sin(a1))}" fill="none" stroke="${rng.pick([c.white, c.seaLight, c.yellow])}" stroke-width="${f(u * rng.between(0.18, 0.42))}" stroke-linecap="round" opacity=".85"/>`
    }
  }
  const back = skyline(rng, [[-10, h * 0.74], [w * 0.3, h * 0.7], [w * 0.6, h * 0.76], [w + 10, h * 0.7]], h * 0.02)
  s += land(rng, back, h, c.far, { cuts: 70, light: c.mid, unit: u * 1.6, opacity: 0.8 })
  const hill = skyline(rng, [[-10, h * 0.9], [w * 0.25, h * 0.83], [w * 0.5, h * 0.755], [w * 0.68, h * 0.735], [w * 0.85, h * 0.77], [w + 10, h * 0.84]], h * 0.012)
  s += dome(w * 0.66, heightAt(hill, w * 0.66) + u * 1.6, u * 1.5, c, true)
  s += land(rng, hill, h, c.near, { cuts: 260, light: c.mid, unit: u * 1.7, opacity: 0.95, slope: 10 })
  s += `<path d="M${f(w * 0.62)} ${f(h * 0.76)}Q${f(w * 0.5)} ${f(h * 0.86)} ${f(w * 0.58)} ${f(h * 0.92)}Q${f(w * 0.62)} ${f(h * 0.97)} ${f(w * 0.54)} ${h}L${f(w * 0.66)} ${h}Q${f(w * 0.69)} ${f(h * 0.95)} ${f(w * 0.62)} ${f(h * 0.9)}Q${f(w * 0.56)} ${f(h * 0.85)} ${f(w * 0.635)} ${f(h * 0.76)}Z" fill="${c.seaLight}" opacity=".55"/>`
  s += grass(rng, w, h + 4, h * 0.07, 120, c.ink, u * 0.4)
  return s
}

function strand(w, h, c, seed = 33, withSeals = false) {
  const rng = chance(seed), u = Math.min(w, h) / 100, horizon = h * 0.42
  let s = sky(w, h, c, 0.46)
  s += `<circle cx="${f(w * 0.72)}" cy="${f(h * 0.25)}" r="${f(u * 9)}" fill="${c.white}"/>` + skyCuts(rng, w, h * 0.08, horizon, c.white, 50, u * 1.2)
  const isle = skyline(rng, [[w * 0.08, horizon + 2], [w * 0.16, horizon - h * 0.06], [w * 0.28, horizon - h * 0.09], [w * 0.4, horizon - h * 0.03], [w * 0.5, horizon + 2]], h * 0.014)
  s += land(rng, isle, horizon + 3, c.mid, { cuts: 40, light: c.far, unit: u, opacity: 0.9 })
  s += sea(rng, w, horizon, h, c, u)
  if (withSeals) {
    const rock = skyline(rng, [[w * 0.08, h * 0.86], [w * 0.18, h * 0.75], [w * 0.36, h * 0.71], [w * 0.58, h * 0.73], [w * 0.78, h * 0.7], [w * 0.9, h * 0.78], [w * 0.97, h * 0.87]], h * 0.012)
    s += seal(w * 0.3, h * 0.74, u * 0.7, c.ink, c.seaLight, 1) + seal(w * 0.74, h * 0.722, u * 0.62, c.near, c.seaLight, -1)
    s += land(rng, rock, h * 0.9, '#8d8468', { cuts: 240, light: '#6b654f', unit: u * 1.4, opacity: 0.9, slope: 18 })
    s += seal(w * 0.53, h * 0.81, u * 0.9, c.ink, c.seaLight, 1)
    for (let i = 0; i < 90; i++) s += cut(rng.between(0.0, 0.95) * w, h * rng.between(0.84, 0.91), u * rng.between(3, 10), u * rng.between(0.25, 0.5), c.seaLight)
    s += `<circle cx="${f(w * 0.18)}" cy="${f(h * 0.6)}" r="${f(u * 1.9)}" fill="${c.ink}"/><circle cx="${f(w * 0.235)}" cy="${f(h * 0.632)}" r="${f(u * 1.5)}" fill="${c.ink}"/>` + cut(w * 0.15, h * 0.612, u * 7, u * 0.4, c.seaLight) + cut(w * 0.2, h * 0.642, u * 7, u * 0.4, c.seaLight)
  } else {
    const sand = skyline(rng, [[-10, h * 0.98], [w * 0.2, h * 0.88], [w * 0.45, h * 0.78], [w * 0.7, h * 0.66], [w * 0.9, h * 0.58], [w + 10, h * 0.54]], h * 0.01)
    s += land(rng, sand.map(([x, y]) => [x, y - u * 1.6]), h + 20, c.white, {})
    s += land(rng, sand, h + 20, '#e7cf93', { cuts: 240, light: '#c9a765', unit: u * 1.6, opacity: 0.8, slope: 6 })
    const dune = skyline(rng, [[w * 0.42, h + 20], [w * 0.58, h * 0.9], [w * 0.78, h * 0.76], [w + 10, h * 0.64]], h * 0.015)
    s += land(rng, dune, h + 30, c.grass, { cuts: 260, light: c.grassDark, unit: u * 1.6, opacity: 0.9, slope: 40 })
    s += grass(rng, w * 1.5, h + 4, h * 0.13, 120, c.near, u * 0.45)
    // two walkers and their dog
    for (const [x, y, k, col] of [[0.5, 0.83, 1, c.red], [0.525, 0.828, 0.9, c.ink]]) s += `<g transform="translate(${f(w * x)} ${f(h * y)}) scale(${f(u * 0.42 * k)})"><path d="M-2 0L-1.6 -9L1.8 -9L2.2 0L1 0L0.2 -6L-0.8 0Z" fill="${c.ink}"/><path d="M-2.6 -6L-1.8 -14Q0 -15.4 1.8 -14L2.6 -6Z" fill="${col}"/><circle cy="-16.4" r="1.9" fill="${c.ink}"/></g>`
    s += `<path d="M0 0L.4 -3L5 -3.4L6.6 -5.4L8.6 -4.6L6.4 -2L6 0L5.2 0L4.8 -1.6L1.4 -1.4L.9 0Z" transform="translate(${f(w * 0.545)} ${f(h * 0.826)}) scale(${f(u * 0.5)})" fill="${c.ink}"/>`
  }
  s += gulls(rng, 7, w * 0.45, w * 0.95, h * 0.1, h * 0.36, u * 0.26, c.ink)
  return s
}

function fogbank(w, h, seed = 44) {
  const c = fog, rng = chance(seed), u = Math.min(w, h) / 100, horizon = h * 0.58
  let s = sky(w, h, c, 0.6) + sea(rng, w, horizon, h, c, u)
  const hill = skyline(rng, [[w * 0.42, horizon + h * 0.05], [w * 0.55, horizon - h * 0.06], [w * 0.72, horizon - h * 0.13], [w * 0.86, horizon - h * 0.1], [w + 10, horizon - h * 0.17]], h * 0.014)
  s += lighthouse(w * 0.73, horizon - h * 0.1, u * 0.85, c, { lit: true }) + land(rng, hill, horizon + h * 0.06, c.near, { cuts: 150, light: c.mid, unit: u * 1.5, opacity: 0.9 })
  for (let i = 0; i < 12; i++) {
    const y = horizon + rng.between(-0.2, 0.14) * h
    s += `<g opacity="${f(rng.between(0.35, 0.75))}">${cut(rng.between(-0.3, 0.6) * w, y, w * rng.between(0.5, 1.1), h * rng.between(0.008, 0.032), c.sky[0])}</g>`
  }
  s += ferry(w * 0.26, horizon + h * 0.2, u * 0.82, { ...c, ink: '#35565d' }, { lit: true })
  for (let i = 0; i < 6; i++) s += `<g opacity=".6">${cut(rng.between(-0.2, 0.5) * w, horizon + rng.between(0.1, 0.3) * h, w * rng.between(0.3, 0.7), h * rng.between(0.006, 0.016), c.sky[0])}</g>`
  return s
}

function storm(w, h, seed = 55) {
  const c = { ...night, sky: ['#9fb0a8', '#567480', '#26434f'], sea: '#2c5a66', seaDark: '#143843', seaLight: '#dfe8df', far: '#3c5d68' }
  const rng = chance(seed), u = Math.min(w, h) / 100
  let s = sky(w, h, c, 0.75) + skyCuts(rng, w, 0, h * 0.5, c.sky[2], 70, u * 1.6) + skyCuts(rng, w, h * 0.1, h * 0.6, c.sky[0], 40, u)
  s += lighthouse(w * 0.78, h * 0.6, u * 1.05, c, { lit: true, beamTo: [[-20, h * 0.04, h * 0.2, 0.3]] })
  s += land(rng, skyline(rng, [[w * 0.58, h * 0.7], [w * 0.68, h * 0.6], [w * 0.8, h * 0.575], [w * 0.92, h * 0.6], [w + 10, h * 0.62]], h * 0.015), h * 0.8, c.ink, { cuts: 100, light: c.mid, unit: u * 1.5, opacity: 0.9 })
  for (let k = 0; k < 5; k++) {
    const y = h * (0.62 + k * 0.085), amp = h * (0.03 + k * 0.012), len = w * (0.24 + k * 0.06), ph = rng.between(0, 6)
    const pts = []
    for (let i = 0; i <= 120; i++) {
      const x = (w * i) / 120
      const v = Math.abs(Math.sin((x / len) * Math.PI + ph))
      pts.push([x, y - amp * (1 - v) * 1.6 + rng.between(-1, 1) * u * 0.25])
    }
    s += land(rng, pts.map(([x, yy]) => [x, yy - u * (0.9 + k * 0.2)]), h + 10, c.seaLight)
    s += land(rng, pts, h + 10, k % 2 ? c.sea : c.seaDark, { cuts: 150, light: k % 2 ? c.seaDark : c.sea, unit: u * (1.4 + k * 0.4), opacity: 0.95, slope: 14 })
    for (let i = 0; i < 26; i++) s += cut(rng.between(0, w), y + rng.between(0, 0.07) * h, u * rng.between(2, 6), u * 0.26, c.seaLight, rng.between(-14, 14))
  }
  let spray = ''
  for (let i = 0; i < 240; i++) spray += `<circle cx="${f(w * rng.between(0.5, 0.78))}" cy="${f(h * (0.66 - Math.pow(rng.next(), 2) * 0.3))}" r="${f(u * rng.between(0.1, 0.5))}"/>`
  s += `<g fill="${c.seaLight}" opacity=".85">${spray}</g>` + gulls(rng, 3, w * 0.2, w * 0.45, h * 0.2, h * 0.4, u * 0.36, c.white)
  return s
}

function bakery(w, h, seed = 66) {
  const c = night, rng = chance(seed), u = Math.min(w, h) / 100
  let s = `<rect width="${w}" height="${h}" fill="#143a55"/>` + stars(rng, w, h * 0.4, 60, u * 0.6, c.white)
  s += `<path d="M${f(w * 0.08)} ${h}V${f(h * 0.34)}L${f(w * 0.2)} ${f(h * 0.1)}H${f(w * 0.8)}L${f(w * 0.92)} ${f(h * 0.34)}V${h}Z" fill="#0b2231"/>`
  s += `<path d="M${f(w * 0.05)} ${f(h * 0.35)}L${f(w * 0.19)} ${f(h * 0.08)}H${f(w * 0.81)}L${f(w * 0.95)} ${f(h * 0.35)}Z" fill="${c.red}"/>`
  for (let r = 0; r < 8; r++) for (let k = 0; k < 30; k++) s += cut(w * (0.1 + k * 0.028) + (r % 2) * u * 1.6, h * (0.1 + r * 0.032), u * 3, u * 0.3, '#8e2a1c')
  s += `<rect x="${f(w * 0.16)}" y="${f(h * 0.46)}" width="${f(w * 0.46)}" height="${f(h * 0.36)}" fill="${c.yellow}"/>`
  s += `<rect x="${f(w * 0.16)}" y="${f(h * 0.46)}" width="${f(w * 0.46)}" height="${f(h * 0.08)}" fill="#e09a2c" opacity=".5"/>`
  const shelf = (y) => `<rect x="${f(w * 0.16)}" y="${f(y)}" width="${f(w * 0.46)}" height="${f(u * 1.1)}" fill="#5a2c17"/>`
  for (const y of [h * 0.62, h * 0.76]) {
    s += shelf(y)
    for (let i = 0; i < 6; i++) {
      const x = w * (0.175 + i * 0.073), bw = w * 0.062, bh = u * rng.between(6, 8.4)
      s += `<path d="M${f(x)} ${f(y)}Q${f(x - u)} ${f(y - bh)} ${f(x + bw / 2)} ${f(y - bh)}Q${f(x + bw + u)} ${f(y - bh)} ${f(x + bw)} ${f(y)}Z" fill="${rng.pick(['#9c5a24', '#b06c2c', '#7f4419'])}"/>`
      for (let k = 0; k < 3; k++) s += cut(x + bw * (0.2 + k * 0.2), y - bh * 0.75, u * 2.6, u * 0.35, '#f2d58c', 38)
    }
  }
  for (const k of [0, 0.1533, 0.3066, 0.46]) s += `<rect x="${f(w * (0.16 + k) - u * 0.4)}" y="${f(h * 0.45)}" width="${f(u * 0.8)}" height="${f(h * 0.38)}" fill="#0b2231"/>`
  s += `<rect x="${f(w * 0.68)}" y="${f(h * 0.5)}" width="${f(w * 0.16)}" height="${f(h * 0.46)}" fill="#1f5a8c"/><rect x="${f(w * 0.7)}" y="${f(h * 0.54)}" width="${f(w * 0.12)}" height="${f(h * 0.16)}" fill="${c.yellow}"/><rect x="${f(w * 0.757)}" y="${f(h * 0.54)}" width="${f(u * 0.7)}" height="${f(h * 0.16)}" fill="#1f5a8c"/>`
  s += `<path d="M0 ${f(h * 0.93)}H${w}V${h}H0Z" fill="#071722"/><path d="M${f(w * 0.16)} ${f(h * 0.94)}H${f(w * 0.62)}L${f(w * 0.7)} ${h}H${f(w * 0.06)}Z" fill="${c.yellow}" opacity=".5"/>`
  ;[...'OSTREY'].forEach((l, i) => { s += flag(l, w * (0.25 + i * 0.085), h * (0.365 + Math.sin(i / 1.6) * 0.012), u * 6, (i % 2 ? 3 : -3)) })
  return s
}

function poster(w, h, seed, draw, bg) {
  // prints are shown as sheets: picture inside a paper margin
  const m = w * 0.07
  const pw = w - 2 * m, ph = h - 2 * m
  return `<rect width="${w}" height="${h}" fill="${bg}"/><svg x="${f(m)}" y="${f(m)}" width="${f(pw)}" height="${f(ph)}" viewBox="0 0 ${f(pw)} ${f(ph)}">${draw(pw, ph, seed)}</svg>`
}

function flags(w, h, seed) {
  const rng = chance(seed)
  let s = `<rect width="${w}" height="${h}" fill="#a9cfd0"/>` + skyCuts(rng, w, 0, h, '#f6f5ea', 80, w / 90)
  s += `<path d="M${f(w * 0.49)} 0L${f(w * 0.51)} 0L${f(w * 0.53)} ${h}L${f(w * 0.47)} ${h}Z" fill="#0f2e36"/><path d="M${f(w * 0.12)} ${f(h * 0.16)}H${f(w * 0.88)}V${f(h * 0.175)}H${f(w * 0.12)}Z" fill="#0f2e36"/>`
  const size = w * 0.25
  ;[...'OSTREY'].forEach((l, i) => {
    const col = i % 2, row = Math.floor(i / 2)
    s += `<path d="M${f(w * (0.17 + col * 0.4))} ${f(h * 0.17)}V${f(h * 0.9)}" stroke="#0f2e36" stroke-width="3"/>`
    s += flag(l, w * (0.175 + col * 0.4), h * 0.23 + row * size * 1.14, size, rng.between(-2.5, 2.5))
  })
  return s + gulls(rng, 3, w * 0.1, w * 0.9, h * 0.03, h * 0.12, w / 420, '#f6f5ea')
}

function gannet(w, h, seed) {
  const c = day, rng = chance(seed), u = w / 100
  let s = `<rect width="${w}" height="${h}" fill="${c.yellow}"/>` + skyCuts(rng, w, 0, h * 0.72, '#e2a51f', 60, u * 1.4)
  s += sea(rng, w, h * 0.74, h, { ...c, sea: '#1f5a8c', seaDark: '#123f68', seaLight: '#cfe6dd' }, u)
  s += `<g transform="translate(${f(w * 0.5)} ${f(h * 0.36)}) rotate(24) scale(${f(u * 0.98)})">
    <path d="M0 40C-4 34 -6 24 -6.4 14C-14 4 -26 -10 -30 -30C-20 -20 -10 -14 -5 -10C-5 -18 -3 -26 0 -34C3 -26 5 -18 5 -10C10 -14 20 -20 30 -30C26 -10 14 4 6.4 14C6 24 4 34 0 40Z" fill="${c.white}"/>
    <path d="M-30 -30C-28 -20 -24 -12 -19.6 -5.6C-20 -12 -21 -18 -22.6 -23.4ZM30 -30C28 -20 24 -12 19.6 -5.6C20 -12 21 -18 22.6 -23.4Z" fill="${c.ink}"/>
    <path d="M-5 22C-3 20 3 20 5 22C4.4 28 3 32 1.6 35L-1.6 35C-3 32 -4.4 28 -5 22Z" fill="#e7b64a"/>
    <path d="M-1.6 34L1.6 34L0 43Z" fill="${c.far}"/><circle cx="-1.9" cy="31" r=".7" fill="${c.ink}"/>
    <path d="M-2.4 14Q0 -8 0 -26Q0 -8 2.4 14Q0 8 -2.4 14Z" fill="${c.far}" opacity=".55"/></g>`
  return s
}

function tideChart(w, h, seed) {
  const rng = chance(seed), u = w / 100
  let s = `<rect width="${w}" height="${h}" fill="#1f5a8c"/>`
  const n = 17
  for (let i = 0; i < n; i++) {
    const y = h * (0.12 + (i / n) * 0.78)
    let d = ''
    for (let k = 0; k <= 120; k++) {
      const x = (k / 120) * w, dx = (x - w * 0.5) / w, lift = Math.exp(-dx * dx * 26 * (1 + i * 0.04)) * h * 0.09 * Math.sin((i / n) * Math.PI)
      d += `${k ? 'L' : 'M'}${f(x)} ${f(y - lift + Math.sin(x / w * 9 + i * 0.55) * u * 1.1)}`
    }
    s += `<path d="${d}L${w} ${h}L0 ${h}Z" fill="${i % 2 ? '#1f5a8c' : '#2a6ea3'}"/><path d="${d}" fill="none" stroke="#cfe6dd" stroke-width="${f(u * rng.between(0.28, 0.75))}"/>`
  }
  return s + `<circle cx="${f(w * 0.5)}" cy="${f(h * 0.13)}" r="${f(u * 8.5)}" fill="#f3bb2d"/>`
}

function ferryPrint(w, h, seed) {
  const c = dusk, rng = chance(seed), u = w / 100, horizon = h * 0.6
  let s = sky(w, h, c, 0.62) + `<circle cx="${f(w * 0.5)}" cy="${f(horizon)}" r="${f(u * 27)}" fill="${c.yellow}"/>` + skyCuts(rng, w, h * 0.05, horizon, c.white, 40, u * 1.3)
  s += sea(rng, w, horizon, h, c, u, { glint: { x: w * 0.5, width: w * 0.14, fill: c.yellow } })
  s += smoke(rng, w * 0.34, h * 0.53, u * 0.95, c.near) + ferry(w * 0.5, h * 0.72, u * 1.32, c, { lit: true })
  return s + gulls(rng, 5, w * 0.1, w * 0.9, h * 0.12, h * 0.32, u * 0.24, c.ink)
}

/* ---------- paper, and out ---------- */

async function print(path, w, h, body, { quality = 74, grain = 34 } = {}) {
  const rng = chance(w * 31 + h)
  const noise = Buffer.alloc(w * h)
  for (let i = 0; i < noise.length; i++) noise[i] = 128 + (rng.next() + rng.next() - 1) * grain
  const paper = await sharp(noise, { raw: { width: w, height: h, channels: 1 } }).blur(0.8).png().toBuffer()
  // blotches: where the roller carried less ink
  const bw = Math.ceil(w / 9), bh = Math.ceil(h / 9)
  const blot = Buffer.alloc(bw * bh)
  for (let i = 0; i < blot.length; i++) blot[i] = 128 + (rng.next() - 0.5) * 90
  const ink = await sharp(await sharp(blot, { raw: { width: bw, height: bh, channels: 1 } }).blur(1.4).png().toBuffer()).resize(w, h, { kernel: 'cubic' }).png().toBuffer()
  const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">${body}</svg>`)
  const out = join(here, '..', path)
  await mkdir(dirname(out), { recursive: true })
  const flat = await sharp(svg).flatten({ background: '#fff' }).toBuffer()
  const info = await sharp(flat).composite([{ input: paper, blend: 'soft-light' }, { input: ink, blend: 'soft-light' }]).jpeg({ quality, mozjpeg: true }).toFile(out)
  console.log(`${path} ${w}x${h} ${Math.round(info.size / 1024)} kB`)
}

const home = 'multi-zone/home/public', blog = 'multi-zone/blog/public', shop = 'multi-zone/shop/public'
const sheet = '#f4f1e3'
await print(`${home}/harbour.jpg`, 1800, 1125, harbour(1800, 1125, day, false), { quality: 66 })
await print(`${home}/harbour-night.jpg`, 1800, 1125, harbour(1800, 1125, night, true), { quality: 66 })
await print(`${home}/lantern.jpg`, 900, 1125, lantern(900, 1125, night))
await print(`${home}/watch.jpg`, 1200, 750, watch(1200, 750, night))
await print(`${home}/observatory.jpg`, 1000, 750, observatory(1000, 750, night))
await print(`${home}/strand.jpg`, 1000, 750, strand(1000, 750, day))
await print(`${home}/crossing.jpg`, 1000, 750, ferryPrint(1000, 750, 12))
await print(`${blog}/feed-cover.jpg`, 1000, 667, strand(1000, 667, day, 91, true))
await print(`${blog}/fog.jpg`, 1000, 667, fogbank(1000, 667))
await print(`${blog}/storm.jpg`, 1000, 667, storm(1000, 667))
await print(`${blog}/comet.jpg`, 1000, 667, observatory(1000, 667, night, 8, true))
await print(`${blog}/bakery.jpg`, 1000, 667, bakery(1000, 667))
const prints = {
  lantern: (w, h) => lantern(w, h, night, 3), harbour: (w, h) => harbour(w * 1.6, h, day, false, 9).replace(/^/, `<g transform="translate(${f(-w * 0.6)} 0)">`) + '</g>',
  flags: (w, h) => flags(w, h, 2), gannet: (w, h) => gannet(w, h, 4), tide: (w, h) => tideChart(w, h, 6), crossing: (w, h) => ferryPrint(w, h, 15), comet: (w, h) => observatory(w, h, night, 17, true),
}
for (const [name, draw] of Object.entries(prints)) await print(`${shop}/prints/${name}.jpg`, 800, 1000, poster(800, 1000, 1, draw, sheet))
await print('single/app/public/crossing.jpg', 1400, 875, ferryPrint(1400, 875, 12))
