import type { Metadata } from 'next'
import Image from 'next/image'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { findPost, posts, showDate } from '@/lib/posts'

type Props = { params: Promise<{ slug: string }> }

// Known notes are made at build time; any other address is tried when asked for.
export const dynamicParams = true
export const generateStaticParams = () => posts.map(({ slug }) => ({ slug }))

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const post = findPost((await params).slug)
  return post ? { title: post.title, description: post.about } : {}
}

export default async function Note({ params }: Props) {
  const post = findPost((await params).slug)
  if (!post) notFound()
  const at = posts.indexOf(post)
  const newer = posts[at - 1]
  const older = posts[at + 1]

  return (
    <article className="note-page">
      <header>
        <h1 data-testid="title">{post.title}</h1>
        <p className="note">
          <time dateTime={post.date}>{showDate(post.date)}</time>, {post.author}
        </p>
      </header>
      <Image
        className="note-picture"
        src={`/blog/${post.picture}`}
        alt={post.pictureAlt}
        width={1000}
        height={667}
        sizes="(max-width: 44rem) 100vw, 66vw"
        loading="eager"
        fetchPriority="high"
      />
      <div className="prose">
        {post.text.map((paragraph) => (
          <p key={paragraph}>{paragraph}</p>
        ))}
      </div>
      <nav className="more" aria-label="More notes">
        {newer && (
          <p>
            <span className="note">After this</span>
            <Link href={`/${newer.slug}`} rel="next">
              {newer.title}
            </Link>
          </p>
        )}
        {older && (
          <p>
            <span className="note">Before this</span>
            <Link href={`/${older.slug}`} rel="prev">
              {older.title}
            </Link>
          </p>
        )}
      </nav>
    </article>
  )
}
