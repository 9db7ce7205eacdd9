// What stands on every screen: site, alarm counts, stream age, clock, person, nav, newest alarm.

import { useEffect, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import { ConnectionBanner, FieldBanner } from './banner'
import { useConsole } from './context'
import { Header } from './header'
import { useConnection } from './live'
import { Nav } from './nav'
import { NewestAlarm } from './newest'
import { Notices } from './notices'
import { Announcer } from './announcer'
import { useKeys } from './keys'
import { useRelease } from './release'
import { Strip } from './strip'
import { useWords } from './text'

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
  useEffect(() => {
    document.documentElement.dataset.drill = site.drill ? '1' : '0'
  }, [site.drill])
  return (
    <div className="frame" data-bare={bare || undefined}>
      <a className="skip" href="#main">
        {t('skip')}
      </a>
      <Header bare={bare} />
      <div className="banners">
        <ConnectionBanner />
        <FieldBanner />
        <Strip />
      </div>
      {!wall && !bare && <Nav inert={lost} />}
      {/* Nothing below may be pressed while what it shows is not known to be true. */}
      <main id="main" tabIndex={-1} className="main" inert={lost} data-hatched={lost || undefined}>
        {children}
      </main>
      {!bare && <NewestAlarm />}
      <Notices />
      {!bare && <Announcer />}
    </div>
  )
}
