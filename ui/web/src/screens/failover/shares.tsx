// Where the public names lead, by each name server: a bar for every data center.

import type { Names, Picture } from '../../live/picture'
import { useNames } from '../../ui/continuity'
import { useWords } from '../../ui/text'

export function Shares({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const answers = new Set(picture.names.filter((n) => !n.error).map((n) => JSON.stringify(n.shares)))
  return (
    <section className="panel shares" aria-labelledby="shares-h">
      <h2 id="shares-h">{t('shares.title')}</h2>
      {picture.names.length === 0 && <p className="muted">{t('shares.none')}</p>}
      {answers.size > 1 && (
        <p role="status">
          <strong>≠ {t('shares.differ')}</strong>
        </p>
      )}
      {picture.names.map((n) => (
        <Server key={n.server} picture={picture} names={n} />
      ))}
    </section>
  )
}

function Server({ picture, names: n }: { picture: Picture; names: Names }) {
  const { t } = useWords()
  return (
    <div className="shares-server">
      <h3>
        {n.server}{' '}
        <span className="muted">
          {n.error ? '' : t('shares.serial', { serial: n.serial, epoch: n.epoch })}
        </span>
      </h3>
      {n.error ? (
        <p>
          ✕ {t('shares.error')} <span className="muted">{n.error}</span>
        </p>
      ) : (
        <ul>
          {picture.sites.map((s) => (
            <Bar key={s.id} site={s.id} percent={n.shares[s.id] ?? 0} />
          ))}
        </ul>
      )}
    </div>
  )
}

export function Bar({ site, percent }: { site: string; percent: number }) {
  const names = useNames()
  return (
    <li className="share">
      <span className="share-name">{names.site(site)}</span>
      <span className="share-bar" aria-hidden>
        <span style={{ width: `${Math.min(100, Math.max(0, percent))}%` }} />
      </span>
      <span className="share-figure">{percent} %</span>
    </li>
  )
}
