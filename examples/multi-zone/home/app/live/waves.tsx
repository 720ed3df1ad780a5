'use client'

import { useEffect, useState, type FormEvent } from 'react'

type Wave = { seq: number; text: string }
const SHOWN = 12

/** Everybody with this page open hears everybody else, by server-sent events. */
export function Waves() {
  const [waves, setWaves] = useState<Wave[]>([])
  const [open, setOpen] = useState(false)
  const [others, setOthers] = useState<number | null>(null)
  const [text, setText] = useState('')

  useEffect(() => {
    const source = new EventSource('/api/events')
    source.addEventListener('hello', () => setOpen(true))
    source.addEventListener('message', (event: MessageEvent<string>) => {
      const wave = JSON.parse(event.data) as Wave
      setWaves((before) => [wave, ...before.filter((other) => other.seq !== wave.seq)].slice(0, SHOWN))
    })
    source.addEventListener('error', () => setOpen(false))
    return () => source.close()
  }, [])

  async function wave(event: FormEvent) {
    event.preventDefault()
    const answer = await fetch('/api/events', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ text: text.trim() || 'waves' }),
    })
    if (!answer.ok) return
    setText('')
    setOthers(((await answer.json()) as { listeners: number }).listeners - 1)
  }

  return (
    <section className="waves" aria-labelledby="waves">
      <div>
        <h2 id="waves">Wave to the others</h2>
        <p>
          Whoever has this page open sees it at once. Open a second window and you will not be alone.
        </p>
        <form onSubmit={wave}>
          <label htmlFor="wave">Call something over, or only wave</label>
          <div className="row">
            <input id="wave" data-testid="wave-text" value={text} maxLength={200} autoComplete="off" onChange={(event) => setText(event.target.value)} />
            <button type="submit" data-testid="wave-send" disabled={!open}>
              Wave
            </button>
          </div>
        </form>
        <p className="note after" role="status" data-testid="wave-status">
          {open ? 'Listening.' : 'Looking for the others…'}
          {others !== null && ` ${others === 0 ? 'Nobody else is up here yet.' : others === 1 ? 'One other person saw it.' : `${others} others saw it.`}`}
        </p>
      </div>
      <ul aria-live="polite">
        {waves.map((item) => (
          <li key={item.seq} data-testid="wave">
            {item.text}
          </li>
        ))}
        {waves.length === 0 && <li className="quiet">Quiet so far.</li>}
      </ul>
    </section>
  )
}
