import type { Metadata } from 'next'
import Form from 'next/form'
import Link from 'next/link'
import { searchPosts } from '@/lib/posts'

export const metadata: Metadata = { title: 'Search', robots: { index: false } }

type Props = { searchParams: Promise<{ q?: string | string[] }> }

export default async function Search({ searchParams }: Props) {
  const asked = (await searchParams).q
  const q = (typeof asked === 'string' ? asked : '').slice(0, 100)
  const found = searchPosts(q)

  return (
    <>
      <h1 data-testid="title">Look it up.</h1>
      <Form action="/search" className="search" role="search">
        <label htmlFor="q">A word you remember</label>
        <div className="row">
          <input id="q" name="q" type="search" defaultValue={q} maxLength={100} />
          <button type="submit">Search</button>
        </div>
      </Form>
      {q.trim() && (
        <p className="note" role="status" data-testid="search-count">
          {found.length === 0 ? `Nothing about “${q}” yet. Try “kettle”.` : found.length === 1 ? `One of our notes mentions “${q}”.` : `${found.length} of our notes mention “${q}”.`}
        </p>
      )}
      <ul className="found">
        {found.map((post) => (
          <li key={post.slug} data-testid="search-hit">
            <Link href={`/${post.slug}`}>{post.title}</Link>
            <p>{post.about}</p>
          </li>
        ))}
      </ul>
    </>
  )
}
