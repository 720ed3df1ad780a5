'use server'

import { revalidatePath } from 'next/cache'
import { sign } from '@/lib/guestbook'

export type SignState = {
  signed: boolean
  errors: { name?: string; message?: string }
  values: { name: string; message: string }
}

const field = (data: FormData, name: string): string => {
  const value = data.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

export async function signGuestbook(_before: SignState, data: FormData): Promise<SignState> {
  const values = { name: field(data, 'name'), message: field(data, 'message') }
  const errors: SignState['errors'] = {}
  if (!values.name) errors.name = 'Please leave a name, any name.'
  else if (values.name.length > 40) errors.name = 'At most 40 characters, it is a narrow column.'
  if (!values.message) errors.message = 'The line is still empty.'
  else if (values.message.length > 280) errors.message = 'At most 280 characters, others want to write too.'

  if (errors.name || errors.message) return { signed: false, errors, values }
  sign(values.name, values.message)
  revalidatePath('/guestbook')
  return { signed: true, errors: {}, values: { name: '', message: '' } }
}
