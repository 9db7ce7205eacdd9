// The faults in force, each with its end.

import { del, segment } from '../../api/client'
import type { SimFault } from '../../live/simulator'
import { Act } from '../../ui/act'
import { useWords } from '../../ui/text'
import { useSimAct } from './act'

export function Faults({ faults }: { faults: SimFault[] }) {
  const { t } = useWords()
  const act = useSimAct()
  return (
    <section className="panel sim-faults" aria-labelledby="faults-h">
      <h2 id="faults-h">{t('sim.faults')}</h2>
      {faults.length === 0 && <p className="muted">{t('sim.no-faults')}</p>}
      <ul className="lines">
        {faults.map((f) => (
          <li key={f.id}>
            <span className="entry-kind">{t(`sim.fault.${f.kind}`, { defaultValue: f.kind })}</span>
            <span>{f.target}</span>
            <Act
              right="simulate"
              quiet
              label={t('sim.clear-of', { kind: f.kind, target: f.target })}
              onAct={act(() => del(`sim/faults/${segment(f.id)}`))}
            >
              {t('sim.clear')}
            </Act>
          </li>
        ))}
      </ul>
    </section>
  )
}
