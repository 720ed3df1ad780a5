export const dynamic = 'force-dynamic'

export function GET() {
  return Response.json({ hello: 'Ostrey', at: new Date().toISOString() }, { headers: { 'Cache-Control': 'no-store' } })
}
