// The top bar.

import { LogOut, Printer } from 'lucide-react'
import { Suspense } from 'react'
import { clock, dateTime, zoneName } from '../live/format'
import { useConsole } from './context'
import { late } from './late'
import { useHeartbeat, useNow } from './live'
import { StreamAge } from './stream-age'
import { LangSwitch, ThemeSwitch } from './switches'
import { useWords } from './text'

const Counts = late(() => import('./counts').then((m) => ({ default: m.Counts })))
const HiddenCount = late(() => import('./hidden-count').then((m) => ({ default: m.HiddenCount })))

/** Bare is without the alarms, where they are not known. */
export function Header({ bare }: { bare: boolean }) {
  const { t, tx } = useWords()
  const { site, session, wall, logOut } = useConsole()
  const drill = useHeartbeat()?.drill ?? site.drill
  return (
    <header className="header">
      <div className="header-site">
        <span className="header-name">{tx(site.name, site.id)}</span>
        <span className="muted header-node">{site.node}</span>
        {drill && <span className="chip drill">{t('drill')}</span>}
        {site.demo && <span className="chip">{t('demo')}</span>}
      </div>
      {!bare && (
        <Suspense>
          <Counts />
          <HiddenCount />
        </Suspense>
      )}
      <StreamAge />
      <ServerClock />
      <div className="header-user">
        <span
          className="header-person"
          title={session.roles.map((r) => t(`role.${r}`, { defaultValue: r })).join(', ')}
        >
          {tx(session.names, session.name || session.user)}
        </span>
        {!wall && (
          <>
            <LangSwitch />
            <ThemeSwitch />
            <button
              type="button"
              className="button quiet icon"
              aria-label={t('print')}
              title={t('print')}
              onClick={() => window.print()}
            >
              <Printer aria-hidden />
            </button>
            <button
              type="button"
              className="button quiet icon"
              aria-label={t('log-out')}
              title={t('log-out')}
              onClick={logOut}
            >
              <LogOut aria-hidden />
            </button>
          </>
        )}
      </div>
    </header>
  )
}

function ServerClock() {
  const { site } = useConsole()
  const { t } = useWords()
  const at = useNow()
  return (
    <div className="clock" title={t('clock.server')}>
      <span className="clock-date">{dateTime(at, site.timezone).slice(0, 10)}</span>{' '}
      <span className="clock-time">{clock(at, site.timezone)}</span>{' '}
      <span className="muted">{zoneName(site.timezone, at)}</span>
    </div>
  )
}
