// What every screen says of the organisation: that an incident is open and where it is handled, and
// that nothing global can be decided while there is no quorum.

import { Link as Go, useLocation } from 'wouter'
import { openIncidents, replies, shownIncident, summonsOf } from '../live/committee'
import { since } from '../live/countdown'
import type { Picture } from '../live/picture'
import { useConsole } from './context'
import { useContinuity, useNames, usePictureFresh, useReadOnly } from './continuity'
import { CrisisBand } from './crisis'
import { useConnection, useNow } from './live'
import { useTimes, useWords } from './text'

export function Strip() {
  const { picture } = useContinuity()
  const [at] = useLocation()
  if (!picture) return null
  const here = at === '/w' || at.startsWith('/w/') || at === '/m'
  return (
    <>
      <Silent picture={picture} />
      <NoQuorum picture={picture} />
      {!here && <Open picture={picture} />}
    </>
  )
}

/** The building is heard and the organisation is not: what is shown of it may be old. */
function Silent({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const { clock } = useTimes()
  const fresh = usePictureFresh()
  const connection = useConnection()
  if (fresh || connection === 'lost') return null
  return (
    <div className="banner" data-kind="field" role="status">
      {t('strip.silent', { at: clock(picture.at) })}
    </div>
  )
}

/** Shown wherever something global is: it can be read here, and decided only elsewhere. */
function NoQuorum({ picture }: { picture: Picture }) {
  const { t } = useWords()
  if (!useReadOnly()) return null
  return (
    <div className="banner" data-kind="quorum" role="status">
      <strong>{t('quorum.none')}</strong>
      <span>{t('quorum.none-means')}</span>
      {picture.control.why && <span className="banner-why">{picture.control.why}</span>}
    </div>
  )
}

function Open({ picture }: { picture: Picture }) {
  const { t, lasts } = useWords()
  const { wall, session } = useConsole()
  const names = useNames()
  const now = useNow()
  const incident = shownIncident(picture, undefined)
  if (!incident) return null
  const more = openIncidents(picture).length - 1
  const mine = summonsOf(picture, session.user)
  const called = mine !== undefined && replies(mine.state).length > 0
  const age = since(incident.clocks.evidence, now)
  return (
    <section className="strip" aria-label={t('strip.label')}>
      <CrisisBand picture={picture} />
      <strong>{t('strip.incident', { id: incident.id, site: names.site(incident.site) })}</strong>
      <span>{t(`state.incident.${incident.state}`)}</span>
      <span>{t('strip.grade', { grade: incident.grade })}</span>
      <span>{t('strip.org', { state: t(`state.bcp.${picture.org.state || 'NORMAL'}`) })}</span>
      {age !== null && <span className="strip-age">{t('strip.age', { time: lasts(age) })}</span>}
      {more > 0 && <span className="muted">{t('strip.more', { n: more })}</span>}
      {!wall && (
        <span className="strip-ways">
          {called && (
            <Go className="button" href="/m">
              {t('strip.called')}
            </Go>
          )}
          <Go className="button" href={`/w/${encodeURIComponent(incident.id)}`}>
            {t('strip.war')}
          </Go>
        </span>
      )}
    </section>
  )
}
