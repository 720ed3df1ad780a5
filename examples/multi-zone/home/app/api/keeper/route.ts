// The location is relative on purpose: behind an edge, the application does
// not have to know under which name it is visited.
const seeOther = (location: string, cookie: string) =>
  new Response(null, { status: 303, headers: { Location: location, 'Set-Cookie': cookie } })

const cookie = (value: string, maxAge: number) => `keeper=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax`

/** Take the key (or, with ?return, hand it back). */
export function POST(request: Request) {
  return new URL(request.url).searchParams.has('return')
    ? seeOther('/visit', cookie('', 0))
    : seeOther('/keepers', cookie('yes', 86_400))
}
