// Next.js bundles pages and route handlers apart, each with its own copy of a
// module. What they share has to live on globalThis.
const store = globalThis as typeof globalThis & { ostrey?: Map<string, unknown> }

export function shared<T>(key: string, make: () => T): T {
  const all = (store.ostrey ??= new Map())
  if (!all.has(key)) all.set(key, make())
  return all.get(key) as T
}
