// The ways to the screens.

import {
  ArrowLeftRight,
  BatteryWarning,
  Bell,
  BookText,
  Building2,
  ChartSpline,
  FlaskConical,
  LayoutDashboard,
  ServerCog,
  Siren,
  Snowflake,
  ToggleRight,
  UserCog,
  Zap,
} from 'lucide-react'
import { Link as Go, useLocation } from 'wouter'
import { useContinuity } from './continuity'
import { useNarrow } from './narrow'
import { useSimulated } from './simulator'
import { useWords } from './text'
import '../style/nav.css'
import '../style/print.css'

const screens = [
  { path: '/o', key: 'overview', icon: LayoutDashboard },
  { path: '/b', key: 'battery', icon: BatteryWarning },
  { path: '/e', key: 'line', icon: Zap },
  { path: '/cool', key: 'cooling', icon: Snowflake },
  { path: '/a', key: 'alarms', icon: Bell },
  { path: '/c', key: 'orders', icon: ToggleRight },
  { path: '/w', key: 'war', icon: Siren },
  { path: '/f', key: 'failover', icon: ArrowLeftRight },
  { path: '/sites', key: 'sites', icon: Building2 },
  { path: '/t', key: 'trends', icon: ChartSpline },
  { path: '/j', key: 'journal', icon: BookText },
  { path: '/s', key: 'system', icon: ServerCog },
  { path: '/u', key: 'account', icon: UserCog },
  { path: '/sim', key: 'sim', icon: FlaskConical },
] as const

export function Nav({ inert }: { inert: boolean }) {
  const { t } = useWords()
  const [at] = useLocation()
  const simulated = useSimulated()
  const { absent } = useContinuity()
  const narrow = useNarrow()
  return (
    <nav className="nav" aria-label={t('nav.label')} inert={inert}>
      <ul>
        {screens.map(({ path, key, icon: Icon }) => {
          if ((key === 'cooling' || key === 'line' || key === 'sites' || key === 'account') && narrow)
            return null // on a phone they are reached from other screens
          if (key === 'sim' && !simulated) return null
          if ((key === 'war' || key === 'failover' || key === 'sites') && absent) return null
          const here = at === path || at.startsWith(path + '/')
          return (
            <li key={path}>
              <Go href={path} aria-current={here ? 'page' : undefined} data-sim={key === 'sim' || undefined}>
                <Icon aria-hidden />
                <span>{t(narrow ? `nav-short.${key}` : `nav.${key}`)}</span>
              </Go>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}
