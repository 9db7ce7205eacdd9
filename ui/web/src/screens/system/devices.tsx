// Devices of which something cannot be trusted now, the worst first.

import { millis } from '../../live/store'
import type { DeviceTrouble, System } from '../../live/system'
import { Wide } from '../../ui/tile'
import { useAssetName, useWords } from '../../ui/text'
import { Ago, Part } from './parts'

export function Devices({ system }: { system: System }) {
  const { t } = useWords()
  const asset = useAssetName()
  const list = system.field.devices ?? []
  const more = system.field.devices_more ?? 0
  return (
    <Part id="devices" title={t('sys.devices')} note={t('sys.devices-note')}>
      {list.length === 0 ? (
        <p>{system.field.at ? t('sys.no-devices') : t('sys.no-field')}</p>
      ) : (
        <Wide label={t('sys.devices')}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{t('sys.device')}</th>
                <th scope="col">{t('sys.asset')}</th>
                <th scope="col">{t('sys.link')}</th>
                <th scope="col" className="right">
                  {t('sys.missing')}
                </th>
                <th scope="col">{t('sys.why')}</th>
                <th scope="col">{t('sys.last-value')}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((d) => (
                <tr key={d.id}>
                  <th scope="row">{d.id}</th>
                  <td>{asset(d.asset)}</td>
                  <td>{d.link}</td>
                  <td className="right">{t('sys.of', { n: d.missing, of: d.points })}</td>
                  <td className="remarks">
                    <Why device={d} />
                  </td>
                  <td>{d.last_seen ? <Ago since={millis(d.last_seen)} /> : t('sys.never')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
      {more > 0 && <p className="muted">{t('sys.devices-more', { n: more })}</p>}
    </Part>
  )
}

function Why({ device: d }: { device: DeviceTrouble }) {
  const { t, lasts } = useWords()
  const skew = d.skew_ms ?? 0
  return (
    <>
      {d.away && <span>{t('sys.away')}</span>}
      {d.reason && <span>{t(`reason.${d.reason}`, { defaultValue: d.reason })}</span>}
      {skew !== 0 && (
        <span>{t(skew > 0 ? 'sys.skew-ahead' : 'sys.skew-behind', { time: lasts(Math.abs(skew)) })}</span>
      )}
      {!d.away && !d.reason && skew === 0 && <span>{t('sys.unread')}</span>}
    </>
  )
}
