// A new release of the server reloads the page once, when nobody is in the middle of something. A changed site
// needs less: what is known of it is asked for anew.

import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useConsole } from './context'
import { useHeartbeat } from './live'

const remembered = 'bongsu-reloaded-for'

export function useRelease(): void {
  const { site, wall } = useConsole()
  const hb = useHeartbeat()
  const build = hb?.build
  const revision = hb?.revision
  const queries = useQueryClient()
  useEffect(() => {
    if (revision && revision !== site.revision) void queries.invalidateQueries({ queryKey: ['site'] })
  }, [revision, site.revision, queries])
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
