export const dynamic = 'force-dynamic'

/** What reached the application: shows what the edge added and took away. */
export function GET(request: Request) {
  const { method, url } = request
  return Response.json(
    { method, url, headers: Object.fromEntries(request.headers) },
    { headers: { 'Cache-Control': 'no-store' } },
  )
}

/** Sends each chunk of the body back as it comes in, without collecting it. */
export function POST(request: Request) {
  const type = request.headers.get('content-type') ?? 'application/octet-stream'
  return new Response(request.body, { headers: { 'Content-Type': type, 'Cache-Control': 'no-store' } })
}
