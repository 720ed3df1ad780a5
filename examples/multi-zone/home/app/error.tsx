'use client'

export default function ErrorPage({ reset }: { error: Error; reset: () => void }) {
  return (
    <div className="two-up lost">
      <h1 data-testid="title">Something fell off the quay.</h1>
      <div>
        <p className="lead">It was not you. We are fishing it out with the long hook.</p>
        <button type="button" onClick={reset}>
          Try once more
        </button>
      </div>
    </div>
  )
}
