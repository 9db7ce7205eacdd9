// The truth of the model beside what the instruments say.

import type { SimState } from '../../live/simulator'
import { useConsole } from '../../ui/context'
import { useRooms } from '../../ui/live'
import { Quantity } from '../../ui/quantity'
import { Wide } from '../../ui/tile'
import { useAssetName, useWords } from '../../ui/text'

/** The model's temperatures beside what the instruments say: the difference is what people must learn. */
export function TruthTable({ state }: { state: SimState }) {
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
