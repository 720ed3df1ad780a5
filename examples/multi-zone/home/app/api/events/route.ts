import { listen, publish } from '@/lib/events'

export const dynamic = 'force-dynamic'

export function GET() {
  const stream = listen()
  if (!stream) return Response.json({ error: 'too many listeners' }, { status: 503, headers: { 'Retry-After': '10' } })
  return new Response(stream, {
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' },
  })
}

export async function POST(request: Request) {
  const body: unknown = await request.json().catch(() => null)
  const text = body && typeof body === 'object' && 'text' in body ? body.text : null
  if (typeof text !== 'string' || text.trim() === '' || text.length > 200) {
    return Response.json({ error: 'text must have 1 to 200 characters' }, { status: 400 })
  }
  return Response.json(publish(text))
}
