import { shared } from './shared'

// A hold keeps the slow part of /live waiting until somebody releases it.
const LONGEST = 30_000
const MOST = 200

type Waiter = { done: (released: boolean) => void }
const waiting = shared('holds', () => new Map<string, Set<Waiter>>())

export const isHoldId = (id: unknown): id is string => typeof id === 'string' && /^[a-z0-9-]{1,40}$/.test(id)

/** Resolves with true once released, with false when nobody came in time. */
export function hold(id: string): Promise<boolean> {
  const count = [...waiting.values()].reduce((sum, set) => sum + set.size, 0)
  // Full: nobody waits, rather than everybody waiting for memory.
  if (count >= MOST) return Promise.resolve(false)

  return new Promise((resolve) => {
    const waiter: Waiter = {
      done(released) {
        clearTimeout(timer)
        const set = waiting.get(id)
        set?.delete(waiter)
        if (set?.size === 0) waiting.delete(id)
        resolve(released)
      },
    }
    const timer = setTimeout(() => waiter.done(false), LONGEST)
    const set = waiting.get(id) ?? new Set()
    waiting.set(id, set.add(waiter))
  })
}

/** How many waiters the id had. */
export function release(id: string): number {
  const set = [...(waiting.get(id) ?? [])]
  for (const waiter of set) waiter.done(true)
  return set.length
}
