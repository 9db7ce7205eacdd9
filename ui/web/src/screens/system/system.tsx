// What of the machine itself works: its processes, the wire, what keeps the past, what all sites share. What needs a
// person stands first. Without an answer the last one stays, with its age.

import { useQuery } from '@tanstack/react-query'
import { Link as Go } from 'wouter'
import { get, type Page } from '../../api/client'
import { backlogFrom, readSystem, wrongs, type System, type SystemNode } from '../../live/system'
import { millis } from '../../live/store'
import type { Link } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useContinuity } from '../../ui/continuity'
import { useHeartbeat, useLinks, useNow, useView } from '../../ui/live'
import { Age } from '../../ui/quantity'
import { Failed, Loading } from '../../ui/states'
import { useTimes, useWords } from '../../ui/text'
import { Collectors } from './collectors'
import { Common } from './common'
import { Devices } from './devices'
import { Keeping } from './keeping'
import { LinkTable } from './links'
import { Processes } from './processes'
import { Setup } from './setup'
import '../../style/system.css'

const every = 5000
/** An answer older than this is not taken for now. */
const oldAfter = 3 * every

export default function SystemScreen() {
  useView('journal') // of the stream it needs the beat only: the links, and whether the field is there
  const { t } = useWords()
  const { store } = useConsole()
  const asked = useQuery({
    queryKey: ['nodes'],
    queryFn: async () => readSystem((await get<Page<SystemNode>>('nodes')).items),
    refetchInterval: every,
    retry: false,
  })
  const live = useLinks()
  const system = asked.data
  if (!system)
    return asked.error ? (
      <Failed error={asked.error} retry={() => void asked.refetch()} />
    ) : (
      <Loading rows={10} />
    )
  // Before the stream's first beat, the answer's own links are the newest.
  const links = store.hb ? live : (system.field.links ?? [])
  return (
    <div className="system">
      <h1 className="screen-title">{t('nav.system')}</h1>
      <Standing system={system} links={links} failed={asked.error !== null} />
      <Processes system={system} />
      <Collectors system={system} />
      <LinkTable links={links} known={millis(system.field.at)} shared={!!system.field.collectors?.length} />
      <Devices system={system} />
      <Keeping system={system} />
      <Common system={system} />
      <Setup />
      <p>
        <Go href="/u">{t('nav.account')}</Go>
      </p>
    </div>
  )
}

/** What is wrong, or that nothing is, and of when that is known. */
function Standing({ system, links, failed }: { system: System; links: readonly Link[]; failed: boolean }) {
  const { t } = useWords()
  const { full } = useTimes()
  const hb = useHeartbeat()
  const now = useNow()
  const { picture } = useContinuity()
  const at = millis(system.desk.at)
  const old = failed || now - at > oldAfter
  // The stream knows of the field before the next answer does.
  const health = hb?.field ?? system.field.health
  const all = wrongs({ ...system, field: { ...system.field, health } }, links, picture?.control)
  return (
    <section
      className="panel standing"
      aria-label={t('sys.standing')}
      data-attention={all.length > 0 || old || undefined}
    >
      {old && (
        <p className="standing-old" role="status">
          {t('sys.old', { time: full(at) })} <Age since={at} />
        </p>
      )}
      {all.length === 0 ? (
        <p className="standing-well">{t(old ? 'sys.was-well' : 'sys.well')}</p>
      ) : (
        <ul className="standing-list">
          {all.map((w) => (
            <li key={w.key + JSON.stringify(w.values ?? {})}>
              <a href={`#sys-${w.part}`}>{t(w.key, { ...w.values, minutes: backlogFrom / 60_000 })}</a>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
