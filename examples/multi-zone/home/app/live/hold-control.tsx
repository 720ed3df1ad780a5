'use client'

import { useState } from 'react'

/**
 * Holding is a link: the server keeps the answer open until the button below,
 * here or in another window, sends the release.
 */
export function HoldControl({ holdId, fresh }: { holdId: string | null; fresh: string }) {
  const [state, setState] = useState<'held' | 'let go' | 'over'>('held')

  if (!holdId || state !== 'held') {
    return (
      <p className="actions">
        {/* A hard navigation, so that it is the document itself that is held. */}
        <a className="button" href={`/live?hold=${fresh}`}>
          {holdId ? 'Hold it once more' : 'Hold the beam'}
        </a>
        <span className="note" role="status">
          {state === 'over' ? 'It had already moved on.' : state === 'let go' ? 'Thank you. Ships are pleased.' : null}
        </span>
      </p>
    )
  }

  async function letGo() {
    const answer = await fetch(`/api/release?id=${holdId}`, { method: 'POST' })
    setState(answer.ok ? 'let go' : 'over')
  }

  return (
    <p className="actions">
      <button type="button" data-testid="release" onClick={letGo}>
        Let the beam go
      </button>
      <span className="note">The page is still loading until you do.</span>
    </p>
  )
}
