import Image from 'next/image'

/** The picture stands still, the beam over it turns, unless somebody holds it. */
export function Lantern({ held }: { held: boolean }) {
  return (
    <div className={held ? 'lantern held' : 'lantern'}>
      <Image src="/watch.jpg" alt="The lighthouse on its rock at night" width={1200} height={750} sizes="(max-width: 44rem) 100vw, 58vw" loading="eager" />
      <svg viewBox="0 0 1200 750" aria-hidden="true" focusable="false">
        <defs>
          <linearGradient id="beam" x1="600" x2="1800" y1="0" y2="0" gradientUnits="userSpaceOnUse">
            <stop offset="0" stopColor="#f7c948" stopOpacity=".75" />
            <stop offset=".6" stopColor="#f7c948" stopOpacity=".3" />
          </linearGradient>
        </defs>
        {/* Longer than the picture: it is cut off at the edge, as it should be. */}
        <path fill="url(#beam)" d="M600 235L1800 65V405Z" />
        <path fill="url(#beam)" d="M600 235L1800 65V405Z" transform="rotate(180 600 235)" />
      </svg>
    </div>
  )
}
