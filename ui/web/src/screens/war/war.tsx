// The war room: one incident with its clocks, who is called and there, what is voted on, the playbooks
// under way and what everyone did, all from the same picture.

import { useLocation, useParams } from 'wouter'
import { openIncidents, shownIncident, underWay } from '../../live/committee'
import type { Incident, Picture } from '../../live/picture'
import { useContinuity } from '../../ui/continuity'
import { useView } from '../../ui/live'
import { SecondPeople } from '../../ui/second-people'
import { Empty, Failed, Loading } from '../../ui/states'
import { useWords } from '../../ui/text'
import { Calm } from './calm'
import { Clocks } from './clocks'
import { WarHeader } from './header'
import { IncidentPanel } from './incident'
import { LogPanel } from './log'
import { Motions } from './motions'
import { Plays } from './plays'
import { Roll } from './roll'
import '../../style/war.css'

export default function War() {
  useView('alarms')
  const { t } = useWords()
  const { picture, absent, error, retry } = useContinuity()
  const { incident: wanted } = useParams<{ incident?: string }>()
  if (!picture) {
    if (absent) return <Empty title={t('war.absent')}>{t('war.absent-next')}</Empty>
    return error ? <Failed error={error} retry={retry} /> : <Loading rows={8} />
  }
  const incident = shownIncident(picture, wanted)
  if (wanted && !incident) return <Empty title={t('war.gone')}>{t('war.gone-next')}</Empty>
  if (!incident && !underWay(picture)) return <Calm picture={picture} />
  return <WarRoom picture={picture} incident={incident} />
}

export interface InWar {
  picture: Picture
  incident: Incident | undefined
}

function WarRoom({ picture, incident }: InWar) {
  return (
    <div className="war">
      <Others picture={picture} incident={incident} />
      <WarHeader picture={picture} incident={incident} />
      <Clocks picture={picture} incident={incident} />
      <SecondPeople picture={picture} />
      <div className="war-grid">
        <div className="war-people">
          <Motions picture={picture} />
          <Roll picture={picture} />
        </div>
        <div className="war-plan">
          <Plays picture={picture} />
        </div>
        <div className="war-log">
          {incident && <IncidentPanel picture={picture} incident={incident} />}
          <LogPanel incident={incident} />
        </div>
      </div>
    </div>
  )
}

/** Ways to the other open incidents, where there is more than one. */
function Others({ picture, incident }: InWar) {
  const { t } = useWords()
  const [, go] = useLocation()
  const open = openIncidents(picture)
  if (open.length < 2 && (!incident || open.includes(incident))) return null
  const listed = !incident || open.some((i) => i.id === incident.id) ? open : [incident, ...open]
  return (
    <div className="tabs" role="group" aria-label={t('war.choose')}>
      {listed.map((i) => (
        <button
          key={i.id}
          type="button"
          aria-pressed={i.id === incident?.id}
          onClick={() => go(`/w/${encodeURIComponent(i.id)}`)}
        >
          {t('war.tab', { id: i.id, subject: i.subject || i.site })}
        </button>
      ))}
    </div>
  )
}
