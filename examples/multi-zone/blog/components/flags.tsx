/** The letters O S T R E Y in the international code of signal flags. */
export function Flags() {
  return (
    <svg className="flags" viewBox="0 0 70 10" aria-hidden="true" focusable="false">
      <g>
        <path d="M0 0h10v10z" fill="#d8432b" />
        <path d="M0 0v10h10z" fill="#f3bb2d" />
      </g>
      <g>
        <path d="M12 0h10v10H12z" fill="#f6f5ea" />
        <path d="M15.3 3.3h3.4v3.4h-3.4z" fill="#1f5a8c" />
      </g>
      <g>
        <path d="M24 0h10v10H24z" fill="#f6f5ea" />
        <path d="M24 0h3.3v10H24z" fill="#d8432b" />
        <path d="M30.7 0H34v10h-3.3z" fill="#1f5a8c" />
      </g>
      <g>
        <path d="M36 0h10v10H36z" fill="#d8432b" />
        <path d="M40 0h2v10h-2zM36 4h10v2H36z" fill="#f3bb2d" />
      </g>
      <g>
        <path d="M48 0h10v5H48z" fill="#1f5a8c" />
        <path d="M48 5h10v5H48z" fill="#d8432b" />
      </g>
      <g>
        <path d="M60 0h10v10H60z" fill="#f3bb2d" />
        <path d="M62 0l-2 2V0zM66 0l-6 6V4l4-4zM70 0L60 10V8l8-8zM70 4l-6 6h-2l8-8zM70 8l-2 2h-2l4-4z" fill="#d8432b" />
      </g>
    </svg>
  )
}
