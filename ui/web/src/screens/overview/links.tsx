// The links to the field: connected or not, since when, and why. The system screen says more.

import { useConsole } from '../../ui/context'
import { useHeartbeat, useLinks } from '../../ui/live'
import { Age } from '../../ui/quantity'
import { millis } from '../../live/store'
import { Tile } from '../../ui/tile'
import { useWords } from '../../ui/text'

const most = 12

export function LinksTile() {
  const { t } = useWords()
  const { site } = useConsole()
  const links = useLinks()
  const hb = useHeartbeat()
  const down = links.filter((l) => !l.connected)
  // Of many links those that stand need no eyes.
  const listed = (links.length <= most ? links : down).slice(0, most)
  return (
    <Tile
      title={t('overview.links')}
      to="/s"
      attention={down.length > 0 || hb?.field.collecting === false}
      half
    >
      {links.length > most && (
        <p className="tile-state">
          {t('overview.links-up', { n: links.length - down.length, of: links.length })}
        </p>
      )}
      <ul className="links">
        {listed.map((l) => (
          <li key={l.id} data-up={l.connected || undefined} title={l.error}>
            <span className="link-mark" aria-hidden>
              {l.connected ? '─●─' : '─✕─'}
            </span>
            <span className="link-id">{l.id}</span>
            <span className="muted">{l.connected ? t('link.up') : t('link.down')}</span>
            {!l.connected && l.last_good && <Age since={millis(l.last_good)} />}
          </li>
        ))}
        {links.length === 0 && <li className="muted">{t('link.none')}</li>}
      </ul>
      {links.length > most && down.length > most && (
        <p>{t('overview.links-more', { n: down.length - most })}</p>
      )}
      <p className="muted">{t('overview.build', { node: site.node, build: site.build })}</p>
    </Tile>
  )
}
