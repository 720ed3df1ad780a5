import { shared } from './shared'

export type Entry = { id: number; name: string; message: string; at: number }

const MOST = 50

// In memory: the book starts again with the process, as befits an example.
const book = shared('guestbook', () => ({
  lastId: 2,
  entries: [
    { id: 2, name: 'Marit', message: 'Came for a day. It is Thursday now, I think.', at: Date.UTC(2026, 4, 21) },
    { id: 1, name: 'The Petrel’s purser', message: 'Somebody left an umbrella. It has been useful.', at: Date.UTC(2026, 3, 2) },
  ] as Entry[],
}))

export const entries = (): readonly Entry[] => book.entries

export function sign(name: string, message: string): void {
  book.entries.unshift({ id: ++book.lastId, name, message, at: Date.now() })
  book.entries.length = Math.min(book.entries.length, MOST)
}
