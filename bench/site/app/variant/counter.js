'use client'
import { useState } from 'react'

// What differs between the builds that variants.mjs makes.
export function Counter() {
  const [count, setCount] = useState(0)
  return <button onClick={() => setCount(count + 1)}>{process.env.NEXT_PUBLIC_VARIANT}: {count}</button>
}
