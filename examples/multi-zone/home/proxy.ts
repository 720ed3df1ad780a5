import { NextResponse, type NextRequest } from 'next/server'

export function proxy(request: NextRequest) {
  const url = request.nextUrl.clone()
  if (url.pathname === '/tonight') {
    url.pathname = '/live'
    return NextResponse.rewrite(url)
  }
  if (request.cookies.get('keeper')?.value === 'yes') return NextResponse.next()
  url.pathname = '/visit'
  url.search = '?from=keepers'
  return NextResponse.redirect(url, 307)
}

export const config = { matcher: ['/keepers', '/tonight'] }
