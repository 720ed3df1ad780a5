import Image from 'next/image'
import Link from 'next/link'
import { posts, showDate } from '@/lib/posts'

export default function Notes() {
  return (
    <>
      <div className="opening">
        <h1 data-testid="title">Field notes from a small island.</h1>
        <p className="lead">What happened, as far as we agree on it.</p>
      </div>
      <ol className="notes">
        {posts.map((post, i) => (
          <li key={post.slug}>
            <Link href={`/${post.slug}`} data-testid="post-link">
              {/* A src given as text needs the base path; next/link adds it by itself. */}
              <Image
                src={`/blog/${post.picture}`}
                alt=""
                width={1000}
                height={667}
                sizes={i === 0 ? '(max-width: 44rem) 100vw, 60vw' : '(max-width: 44rem) 100vw, 34vw'}
                loading={i === 0 ? 'eager' : 'lazy'}
                fetchPriority={i === 0 ? 'high' : undefined}
              />
              <h2>{post.title}</h2>
            </Link>
            <p>{post.about}</p>
            <p className="note">
              <time dateTime={post.date}>{showDate(post.date)}</time>, {post.author}
            </p>
          </li>
        ))}
      </ol>
    </>
  )
}
