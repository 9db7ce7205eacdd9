// The library: every scenario with what it tells and what a sound system does.

import { del, post, segment } from '../../api/client'
import { storyTime, type Scenario, type SimState } from '../../live/simulator'
import { Act } from '../../ui/act'
import { useWords } from '../../ui/text'
import { useSimAct } from './act'

export function Scenarios({ state }: { state: SimState }) {
  const { t } = useWords()
  return (
    <section className="panel sim-scenarios" aria-labelledby="scenarios-h">
      <h2 id="scenarios-h">{t('sim.scenarios')}</h2>
      {state.scenarios.length === 0 && <p className="muted">{t('sim.no-scenarios')}</p>}
      <ul className="scenarios">
        {state.scenarios.map((s) => (
          <ScenarioCard key={s.name} scenario={s} running={state.run?.name ?? ''} />
        ))}
      </ul>
    </section>
  )
}

function ScenarioCard({ scenario: s, running }: { scenario: Scenario; running: string }) {
  const { t, tx } = useWords()
  const act = useSimAct()
  const mine = running === s.name
  return (
    <li className="scenario" data-running={mine || undefined}>
      <h3>{tx(s.title, s.name)}</h3>
      <p>
        {tx(s.text)}
        {s.expect.ko && <span className="scenario-expect">{t('sim.expect', { text: tx(s.expect) })}</span>}
      </p>
      <div className="buttons">
        {mine ? (
          <Act
            right="simulate"
            onAct={act(() => del('sim/scenarios'))}
            label={t('sim.stop-of', { name: tx(s.title, s.name) })}
          >
            {t('sim.stop')}
          </Act>
        ) : (
          <Act
            right="simulate"
            off={running ? t('sim.one-at-a-time') : ''}
            onAct={act(() => post(`sim/scenarios/${segment(s.name)}`))}
            label={t('sim.start-of', { name: tx(s.title, s.name) })}
          >
            {t('sim.start')}
          </Act>
        )}
        {s.length > 0 && <span className="muted">{t('sim.length', { time: storyTime(s.length) })}</span>}
      </div>
    </li>
  )
}
