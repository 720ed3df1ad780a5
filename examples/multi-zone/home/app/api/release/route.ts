import { isHoldId, release } from '@/lib/holds'

export function POST(request: Request) {
  const id = new URL(request.url).searchParams.get('id')
  if (!isHoldId(id)) return Response.json({ error: 'id must match [a-z0-9-]{1,40}' }, { status: 400 })
  const released = release(id)
  return Response.json({ released }, { status: released ? 200 : 404 })
}
