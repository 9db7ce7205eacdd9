// A new release of the server reloads the page once, when nobody is in the middle of something.

import { useEffect } from 'react'
import { useConsole } from './context'
import { useHeartbeat } from './live'

const remembered = 'bongsu-reloaded-for'

export function useRelease(): void {
  const { site, wall } = useConsole()
  const build = useHeartbeat()?.build
  useEffect(() => {
    if (!build || build === site.build || sessionStorage.getItem(remembered) === build) return
    const tryReload = () => {
      const busy = document.querySelector('[role="dialog"], form :focus')
      if (busy && !wall) return
      sessionStorage.setItem(remembered, build)
      location.reload()
    }
    tryReload()
    const timer = setInterval(tryReload, 5000)
    return () => clearInterval(timer)
  }, [build, site.build, wall])
}
