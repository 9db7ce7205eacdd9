// What stands on every screen: site, alarm counts, stream age, clock, person, nav, newest alarm.

import { Suspense, useEffect, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import { ConnectionBanner, FieldBanner } from './banner'
import { useConsole } from './context'
import { Header } from './header'
import { late } from './late'
import { useConnection, useHeartbeat } from './live'
import { Notices } from './notices'
import { useKeys } from './keys'
import { useRelease } from './release'
import { Strip } from './strip'
import { useWords } from './text'

// A phone that only decides loads neither the ways to the other screens nor the alarms' sound nor what is ordered.
const Nav = late(() => import('./nav').then((m) => ({ default: m.Nav })))
const Watch = late(() => import('./watch'))
const DrillStrip = late(() => import('./drill-strip'))
const OrderStrip = late(() => import('./order-strip').then((m) => ({ default: m.OrderStrip })))

export function Frame({ children }: { children: ReactNode }) {
  const { t } = useWords()
  const { wall, site } = useConsole()
  const connection = useConnection()
  const lost = connection === 'lost'
  // The committee's page on a phone has its own few buttons and no alarms to mind.
  const [at] = useLocation()
  const bare = at === '/m'
  useKeys()
  useRelease()
  useEffect(() => {
    document.documentElement.dataset.stream = connection
  }, [connection])
  const hb = useHeartbeat()
  const drill = hb?.drill ?? site.drill
  useEffect(() => {
    document.documentElement.dataset.drill = drill ? '1' : '0'
  }, [drill])
  return (
    <div className="frame" data-bare={bare || undefined}>
      <a className="skip" href="#main">
        {t('skip')}
      </a>
      <Header bare={bare} />
      <div className="banners">
        <ConnectionBanner />
        <FieldBanner />
        {drill && (
          <Suspense>
            <DrillStrip drills={hb?.drills ?? []} />
          </Suspense>
        )}
        <Strip />
        {!bare && (
          <Suspense>
            <OrderStrip />
          </Suspense>
        )}
      </div>
      {!wall && !bare && (
        <Suspense fallback={<div className="nav" />}>
          <Nav inert={lost} />
        </Suspense>
      )}
      {/* Nothing below may be pressed while what it shows is not known to be true. */}
      <main id="main" tabIndex={-1} className="main" inert={lost} data-hatched={lost || undefined}>
        {children}
      </main>
      {!bare && (
        <Suspense>
          <Watch />
        </Suspense>
      )}
      <Notices />
    </div>
  )
}
