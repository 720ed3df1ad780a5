// Ostrey's tide, from the three constituents that matter there.
const HOUR = 3_600_000
const parts = [
  { size: 1.45, period: 12.4206, phase: 1.1 },
  { size: 0.5, period: 12, phase: 0.4 },
  { size: 0.18, period: 25.8193, phase: 2 },
]

/** Metres above chart datum. */
export function height(at: number): number {
  const hours = at / HOUR
  return parts.reduce((sum, { size, period, phase }) => sum + size * Math.cos((2 * Math.PI * hours) / period - phase), 2.3)
}

export type Turn = { at: number; metres: number; high: boolean }

/** High and low waters within the given hours, to the minute. */
export function turns(from: number, hours: number): Turn[] {
  const step = 60_000
  const found: Turn[] = []
  for (let at = from; at < from + hours * HOUR; at += step) {
    const before = height(at) - height(at - step)
    const after = height(at + step) - height(at)
    if (before > 0 !== after > 0) found.push({ at, metres: height(at), high: before > 0 })
  }
  return found
}
