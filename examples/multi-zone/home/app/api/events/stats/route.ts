import { stats } from '@/lib/events'

export const dynamic = 'force-dynamic'

export function GET() {
  return Response.json(stats(), { headers: { 'Cache-Control': 'no-store' } })
}
