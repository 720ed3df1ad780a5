'use client'

import { useSearchParams } from 'next/navigation'

/** Shown to those proxy.ts sent here. Read in the browser, so the page stays static. */
export function LockedNote() {
  if (useSearchParams().get('from') !== 'keepers') return null
  return (
    <p className="locked" role="status">
      The keepers’ house was locked. The key is just below.
    </p>
  )
}
