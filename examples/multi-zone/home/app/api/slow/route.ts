import { setTimeout as sleep } from 'node:timers/promises'

export const dynamic = 'force-dynamic'

const LONGEST = 20_000

/** Answers after ?ms= milliseconds: a request that is still running when a server is told to stop. */
export async function GET(request: Request) {
  const ms = Number(new URL(request.url).searchParams.get('ms') ?? 0)
  if (!Number.isInteger(ms) || ms < 0 || ms > LONGEST) {
    return Response.json({ error: `ms must be a whole number from 0 to ${LONGEST}` }, { status: 400 })
  }
  try {
    await sleep(ms, undefined, { signal: request.signal })
  } catch {
    // The visitor left: stop the timer and answer nobody.
    return new Response(null, { status: 499 })
  }
  return Response.json({ slept: ms }, { headers: { 'Cache-Control': 'no-store' } })
}
