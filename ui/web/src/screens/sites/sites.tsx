// Every data center as this desk hears it: where the service is and which way it goes, who is silent and since when,
// what burns. Ages are by this desk's own clock and count on while no newer answer comes.

import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { get } from '../../api/client'
import type { Sites } from '../../live/sites'
import { useConsole } from '../../ui/context'
import { useView } from '../../ui/live'
import { Failed, Loading } from '../../ui/states'
import { useWords } from '../../ui/text'
import { Fact, Facts } from '../../ui/tile'
import { CenterCard, LastWords } from './center'
import { Picture } from './picture'
import '../../style/sites.css'

const every = 1000
/** An answer older than this is not taken for now. */
const oldAfter = 5000

export default function SitesScreen() {
  useView('journal') // of the stream it needs the beat and the picture only
  const { t } = useWords()
  const asked = useQuery({
    queryKey: ['sites'],
    queryFn: () => get<Sites>('sites'),
    refetchInterval: every,
    retry: false,
  })
  const age = useAge(asked.dataUpdatedAt)
  const sites = asked.data
  if (!sites)
    return asked.error ? (
      <Failed error={asked.error} retry={() => void asked.refetch()} />
    ) : (
      <Loading rows={8} />
    )
  return (
    <div className="sites">
      <h1 className="screen-title">{t('sites.title')}</h1>
      <Standing sites={sites} age={age} />
      <Picture sites={sites} age={age} />
      <div className="centers">
        {(sites.centers ?? []).map((c) => (
          <CenterCard key={c.id} center={c} alone={sites.alone} age={age} />
        ))}
      </div>
      {(sites.centers ?? []).map((c) => (
        <LastWords key={c.id} center={c} />
      ))}
    </div>
  )
}

/** How old the newest answer is; it grows twice a second. */
function useAge(at: number): number {
  const [now, tick] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return Math.max(0, now - at)
}

/** Who decides, whether anything global can be decided, and what is not the same everywhere. */
function Standing({ sites, age }: { sites: Sites; age: number }) {
  const { t, lasts } = useWords()
  const { site } = useConsole()
  const differ = sites.differences ?? []
  return (
    <section className="panel" aria-label={t('sites.standing')} data-attention={!sites.quorum || undefined}>
      {age > oldAfter && (
        <p role="status">
          <strong>{t('sites.old', { time: lasts(age) })}</strong>
        </p>
      )}
      {sites.alone ? (
        <p>{t('sites.alone')}</p>
      ) : (
        <Facts>
          <Fact name={t('sites.common')}>
            <strong>{sites.quorum ? `● ${t('sites.writes')}` : `✕ ${t('sites.read-only')}`}</strong>
          </Fact>
          <Fact name={t('sites.leader')}>
            {sites.leader || t('sites.nobody')}
            {sites.epoch > 0 && ` · ${t('epoch', { n: sites.epoch })}`}
          </Fact>
          <Fact name={t('sites.silent-after')}>{lasts(sites.silent_ms)}</Fact>
          <Fact name={t('sites.seen-from')}>{`${site.id} / ${sites.node}`}</Fact>
        </Facts>
      )}
      {!sites.quorum && <p>{t('sites.read-only-means')}</p>}
      {differ.length > 0 && (
        <div className="sites-differ" role="status">
          <strong>≠ {t('sites.differ')}</strong>
          <ul>
            {differ.map((d) => (
              <li key={d.file}>
                <code>{d.file}</code>{' '}
                {Object.entries(d.nodes)
                  .map(([node, hash]) => `${node}: ${hash || t('sites.no-file')}`)
                  .join(' · ')}
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  )
}
