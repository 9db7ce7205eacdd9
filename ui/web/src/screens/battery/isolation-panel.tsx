// The isolation plan of the selected rack or of the whole room. Once water is armed it is open by itself.

import { useState } from 'react'
import type { Rack, Room } from '../../live/types'
import { IsolationPlan } from '../../ui/isolation'
import { useAssetName, useWords } from '../../ui/text'

/** Stages at which water may flow next, or flows. */
const armed = /^(S3|S4|S5|S6)/

export function IsolationPanel({ room, rack }: { room: Room; rack: Rack | undefined }) {
  const { t } = useWords()
  const name = useAssetName()
  const wet = armed.test(room.stage)
  const [shown, show] = useState(false)
  const [whole, setWhole] = useState(false)
  const asset = whole || !rack ? room.asset : rack.asset
  const open = shown || wet
  return (
    <section className="panel area-isolation" aria-labelledby="isolation-h">
      <h2 id="isolation-h">{t('isolation.title', { name: name(asset) })}</h2>
      {wet && <p>{t('isolation.armed')}</p>}
      <div className="isolation-ways" role="group" aria-label={t('isolation.of')}>
        {rack && (
          <button type="button" aria-pressed={!whole} onClick={() => setWhole(false)}>
            {t('isolation.rack')}
          </button>
        )}
        <button type="button" aria-pressed={whole || !rack} onClick={() => setWhole(true)}>
          {t('isolation.room')}
        </button>
        {!wet && (
          <button type="button" aria-expanded={open} onClick={() => show(!shown)}>
            {t(open ? 'isolation.hide' : 'isolation.show')}
          </button>
        )}
      </div>
      {open && <IsolationPlan key={asset} asset={asset} />}
    </section>
  )
}
