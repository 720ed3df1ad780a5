'use client'

import { useActionState } from 'react'
import { signGuestbook, type SignState } from './actions'

const blank: SignState = { signed: false, errors: {}, values: { name: '', message: '' } }

// noValidate: the answers come from the server, the same with and without
// JavaScript in the browser.
export function GuestbookForm() {
  const [state, action, pending] = useActionState(signGuestbook, blank)
  const { errors, values } = state
  return (
    <form action={action} data-testid="guestbook-form" className="sign" noValidate>
      <div>
        <label htmlFor="name">Your name</label>
        <input id="name" name="name" autoComplete="name" defaultValue={values.name} aria-invalid={Boolean(errors.name)} aria-describedby="name-error" />
        <p className="error" id="name-error" role="alert">
          {errors.name}
        </p>
      </div>
      <div>
        <label htmlFor="message">Your line</label>
        <textarea id="message" name="message" defaultValue={values.message} aria-invalid={Boolean(errors.message)} aria-describedby="message-error" />
        <p className="error" id="message-error" role="alert">
          {errors.message}
        </p>
      </div>
      <button type="submit" data-testid="guestbook-submit" disabled={pending}>
        {pending ? 'Blotting…' : 'Sign the book'}
      </button>
      <p className="note" role="status">
        {state.signed && 'Thank you. It is in the book.'}
      </p>
    </form>
  )
}
