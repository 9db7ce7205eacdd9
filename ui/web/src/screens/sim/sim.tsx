// The simulator panel: what the played world does, and what its instruments show beside the truth.
// Everything here is marked as simulated; nothing here touches a real plant.

import { useView } from '../../ui/live'
import { useSimulator } from '../../ui/simulator'
import { Empty, Failed, Loading } from '../../ui/states'
import { useWords } from '../../ui/text'
import { Checks } from './checks'
import { Faults } from './faults'
import { Nodes } from './nodes'
import { Running } from './running'
import { Scenarios } from './scenarios'
import { TruthTable } from './truth'
import '../../style/sim.css'

export default function Simulator() {
  useView('rooms')
  const { t } = useWords()
  const sim = useSimulator(1000)
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
        <Running state={sim.state} />
        {sim.state.run && <Checks run={sim.state.run} />}
        <Nodes />
        <Scenarios state={sim.state} />
        <Faults faults={sim.state.faults} />
        <TruthTable state={sim.state} />
      </div>
    </div>
  )
}
