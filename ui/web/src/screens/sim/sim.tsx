// The simulator panel: what the played world does, and what its instruments show beside the truth.
// Everything here is marked as simulated; nothing here touches a real plant.

import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { del, post, put, segment } from '../../api/client'
import type { Scenario, SimFault, SimState } from '../../live/simulator'
import { Act } from '../../ui/act'
import { useConsole } from '../../ui/context'
import { useRooms, useView } from '../../ui/live'
import { Quantity } from '../../ui/quantity'
import { useSimulator } from '../../ui/simulator'
import { Empty, Failed, Loading } from '../../ui/states'
import { Fact, Facts, Wide } from '../../ui/tile'
import { useAssetName, useWords } from '../../ui/text'
import { number } from '../../live/format'
import '../../style/sim.css'

export default function Simulator() {
  useView('battery')
  const { t } = useWords()
  const sim = useSimulator(2000)
  if (sim.absent) return <Empty title={t('sim.absent')}>{t('sim.absent-next')}</Empty>
  if (!sim.state) return sim.error ? <Failed error={sim.error} retry={sim.refetch} /> : <Loading rows={8} />
  return (
    <div className="sim">
      <h1 className="screen-title">
        <span className="chip drill">SIM</span> {t('nav.sim')}
      </h1>
      <p className="muted">{t('sim.about')}</p>
      {sim.error !== null && <p role="status">{t('sim.silent')}</p>}
      <div className="sim-grid">
        <Scenarios state={sim.state} />
        <Running state={sim.state} />
        <TruthTable state={sim.state} />
      </div>
    </div>
  )
}

/** Does something to the simulator, then reads its state at once. */
function useSimAct(): (act: () => Promise<unknown>) => () => Promise<void> {
  const queries = useQueryClient()
  return (act) => async () => {
    await act()
    await queries.invalidateQueries({ queryKey: ['sim'] })
  }
}

function Scenarios({ state }: { state: SimState }) {
  const { t } = useWords()
  return (
    <section className="panel sim-scenarios" aria-labelledby="scenarios-h">
      <h2 id="scenarios-h">{t('sim.scenarios')}</h2>
      {state.scenarios.length === 0 && <p className="muted">{t('sim.no-scenarios')}</p>}
      <ul className="scenarios">
        {state.scenarios.map((s) => (
          <ScenarioCard key={s.name} scenario={s} running={state.running} />
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
    </li>
  )
}

const speeds = [1, 2, 5, 10, 30, 60] as const

function Running({ state }: { state: SimState }) {
  const { t, lasts, tx } = useWords()
  const act = useSimAct()
  const [asked, ask] = useState(state.asked)
  const running = state.scenarios.find((s) => s.name === state.running)
  return (
    <section className="panel sim-running" aria-labelledby="running-h">
      <h2 id="running-h">{t('sim.running')}</h2>
      <Facts>
        <Fact name={t('sim.scenario')}>{state.running ? tx(running?.title, state.running) : t('none')}</Fact>
        {state.elapsed !== null && <Fact name={t('sim.elapsed')}>{lasts(state.elapsed * 1000)}</Fact>}
        <Fact name={t('sim.asked')}>×{number(state.asked, 0)}</Fact>
        <Fact name={t('sim.effective')}>×{number(state.effective, 0)}</Fact>
      </Facts>
      {state.next && (
        <p className="muted">
          {t('sim.next', { what: state.next.what, time: lasts(state.next.inS * 1000) })}
        </p>
      )}
      {state.troubles.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {state.held && <p className="muted">{t('sim.slowed')}</p>}
      <div className="buttons">
        <label className="filter-field">
          <span>{t('sim.speed')}</span>
          <select value={asked} onChange={(e) => ask(Number(e.target.value))}>
            {[...new Set([...speeds, state.asked])]
              .sort((a, b) => a - b)
              .map((s) => (
                <option key={s} value={s}>
                  ×{s}
                </option>
              ))}
          </select>
        </label>
        <Act right="simulate" onAct={act(() => put('sim/speed', { speed: asked }))}>
          {t('sim.set-speed')}
        </Act>
      </div>
      <h3>{t('sim.faults')}</h3>
      {state.faults.length === 0 ? (
        <p className="muted">{t('sim.no-faults')}</p>
      ) : (
        <Faults faults={state.faults} />
      )}
    </section>
  )
}

function Faults({ faults }: { faults: SimFault[] }) {
  const { t } = useWords()
  const act = useSimAct()
  return (
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
  )
}

/** The model's temperatures beside what the instruments say: the difference is what people must learn. */
function TruthTable({ state }: { state: SimState }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const asset = useAssetName()
  const rooms = useRooms()
  const racks = [...rooms.values()].flatMap((r) => r.racks)
  const truthOf = (id: string, assetId: string) =>
    state.truth.find((x) => x.rack === assetId || x.rack === id)
  return (
    <section className="panel sim-truth" aria-labelledby="truth-h">
      <h2 id="truth-h">{t('sim.truth')}</h2>
      <Wide label={t('sim.truth')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('sim.rack')}</th>
              <th scope="col" className="right">
                {t('sim.true')}
              </th>
              <th scope="col" className="right">
                {t('sim.measured')}
              </th>
            </tr>
          </thead>
          <tbody>
            {racks.map((r) => {
              const truth = truthOf(r.id, r.asset)
              return (
                <tr key={r.id}>
                  <th scope="row">{plant.assets.has(r.asset) ? asset(r.asset) : r.id}</th>
                  <td className="right">
                    <Quantity
                      value={truth?.maxC ?? null}
                      quality={truth?.maxC == null ? 'unknown' : 'good'}
                      flags={['simulated']}
                      unit="degC"
                    />
                  </td>
                  <td className="right">
                    <Quantity
                      value={r.hottest}
                      quality={r.hottest === null ? 'unknown' : 'good'}
                      unit="degC"
                    />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </Wide>
    </section>
  )
}
