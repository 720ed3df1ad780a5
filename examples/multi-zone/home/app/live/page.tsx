import { randomUUID } from 'node:crypto'
import type { Metadata } from 'next'
import { setTimeout as sleep } from 'node:timers/promises'
import { Suspense } from 'react'
import { hold, isHoldId } from '@/lib/holds'
import { HoldControl } from './hold-control'
import { Lantern } from './lantern'
import { Waves } from './waves'

export const metadata: Metadata = { title: 'The lantern' }

async function Mast() {
  await sleep(400)
  return (
    <p className="report" data-testid="part-fast">
      Wind west-southwest, force 4. Cloud in the north, stars in the south. Visibility: as far as you like.
    </p>
  )
}

async function LampRoom({ holdId }: { holdId: string | null }) {
  if (!holdId) {
    await sleep(1200)
    return (
      <p className="report" data-testid="part-slow">
        Lamp burning clear. Two ships answered, one of them politely. The beam is passing the skerries now.
      </p>
    )
  }
  const released = await hold(holdId)
  return (
    <p className="report" data-testid="part-slow">
      {released
        ? 'You let go. The beam swings on past the skerries, and a trawler blinks back twice.'
        : 'Your arms got tired, so the keeper took over. The beam swings on.'}
    </p>
  )
}

function Waiting({ children }: { children: string }) {
  return <p className="report waiting">{children}</p>
}

export default async function Live({ searchParams }: { searchParams: Promise<{ hold?: string | string[] }> }) {
  const asked = (await searchParams).hold
  const holdId = isHoldId(asked) ? asked : null

  return (
    <>
      <div className="two-up">
        <h1 data-testid="title">{holdId ? 'You are holding the beam.' : 'The lantern is lit.'}</h1>
        <p className="lead" data-testid="shell">
          You came up 112 steps and see the sea at once. The rest arrives as it is called up the stairs, on one open
          connection.
        </p>
      </div>

      <div className="gallery">
        <Lantern held={holdId !== null} />

        <div className="reports">
          <h2>From the mast</h2>
          <Suspense fallback={<Waiting>Somebody is reading the wind gauge…</Waiting>}>
            <Mast />
          </Suspense>
          <h2>From the lamp room</h2>
          <Suspense fallback={<Waiting>{holdId ? 'Everything waits for you. Half a minute, no longer.' : 'Footsteps on the stairs…'}</Waiting>}>
            <LampRoom holdId={holdId} />
          </Suspense>
          <HoldControl holdId={holdId} fresh={randomUUID()} />
        </div>
      </div>

      <Waves />
    </>
  )
}
