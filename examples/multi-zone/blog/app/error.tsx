'use client'

export default function ErrorPage({ reset }: { error: Error; reset: () => void }) {
  return (
    <div className="opening">
      <h1 data-testid="title">The ink has run.</h1>
      <div>
        <p className="lead">It was not you. We are drying the page.</p>
        <button type="button" onClick={reset}>
          Try once more
        </button>
      </div>
    </div>
  )
}
