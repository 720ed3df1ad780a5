import { shared } from './shared'

// The waves visitors send each other: everybody listening gets every message.
const MOST_LISTENERS = 1000
// A listener who reads this much slower than we send is let go.
const MOST_BEHIND = 256
const HEARTBEAT = 15_000

type Listener = (chunk: string) => void
const hub = shared('events', () => ({ seq: 0, lastId: 0, closed: 0, listeners: new Map<number, Listener>() }))

export const stats = () => ({ listeners: hub.listeners.size, closed: hub.closed })

export function publish(text: string) {
  const seq = ++hub.seq
  const chunk = `event: message\ndata: ${JSON.stringify({ seq, text })}\n\n`
  for (const send of hub.listeners.values()) send(chunk)
  return { seq, listeners: hub.listeners.size }
}

/** A stream of events for one visitor, or null when the island is full. */
export function listen(): ReadableStream<Uint8Array> | null {
  if (hub.listeners.size >= MOST_LISTENERS) return null

  const id = ++hub.lastId
  const encoder = new TextEncoder()
  let heartbeat: ReturnType<typeof setInterval> | undefined

  const leave = () => {
    clearInterval(heartbeat)
    if (hub.listeners.delete(id)) hub.closed++
  }

  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send: Listener = (chunk) => {
        if ((controller.desiredSize ?? 0) < -MOST_BEHIND) {
          leave()
          controller.error(new Error('listener too slow'))
          return
        }
        controller.enqueue(encoder.encode(chunk))
      }
      hub.listeners.set(id, send)
      heartbeat = setInterval(() => send(': ping\n\n'), HEARTBEAT)
      send(`event: hello\ndata: ${JSON.stringify({ id })}\n\n`)
    },
    // Runs when the visitor is gone, if the edge in front passes that on.
    cancel: leave,
  })
}
