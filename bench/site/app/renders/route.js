export const dynamic = 'force-dynamic'

// How often each page has been rendered.
export const GET = () => Response.json(globalThis.renders ?? {})
