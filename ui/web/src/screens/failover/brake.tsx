// The brake on automatic failover, and the newest proof that a failover could be done at all.

import type { Picture } from '../../live/picture'
import { millis } from '../../live/store'
import { AskButton } from '../../ui/ask-button'
import { useSaid } from '../../ui/said'
import { useConsole } from '../../ui/context'
import { usePerson } from '../../ui/continuity'
import { Age } from '../../ui/quantity'
import { useTimes, useWords } from '../../ui/text'

export function BrakePanel({ picture }: { picture: Picture }) {
  return (
    <>
      {picture.brake.on && <Brake picture={picture} />}
      <Readiness picture={picture} />
    </>
  )
}

function Brake({ picture: { brake } }: { picture: Picture }) {
  const { t } = useWords()
  const { clock } = useTimes()
  const { wall } = useConsole()
  const inWords = useSaid()
  const tower = usePerson()?.roles.includes('tower') ?? false
  return (
    <section className="brake" aria-labelledby="brake-h">
      <h2 id="brake-h">■ {t('brake.on')}</h2>
      <p>
        {inWords(brake.why)} <span className="muted">{clock(brake.since)}</span>
      </p>
      <p>{t('brake.means')}</p>
      {!wall && (
        <AskButton
          off={tower ? '' : t('off.tower')}
          plan={{
            title: t('brake.release'),
            asset: 'brake',
            path: 'failover/brake/release',
            means: t('brake.release-means'),
            fields: [{ name: 'reason', label: t('reason'), kind: 'area', required: true }],
          }}
        />
      )}
    </section>
  )
}

const marks = { yes: '✓', no: '✕', unknown: '?' } as const

function Readiness({ picture: { control, brake } }: { picture: Picture }) {
  const { t } = useWords()
  const at = millis(control.readiness_at)
  const missing = control.missing ?? []
  return (
    <p className="readiness" data-tri={control.readiness}>
      <strong>
        {marks[control.readiness]} {t(`readiness.${control.readiness}`)}
      </strong>
      {at > 0 && <Age since={at} />}
      {missing.length > 0 && <span>{t('readiness.missing', { what: missing.join(', ') })}</span>}
      {!brake.on && <span className="muted">{t('brake.off')}</span>}
    </p>
  )
}
