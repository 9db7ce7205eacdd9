// What can be asked of a run that has ended: to be ready again, or to end the rest after it.

import type { Group } from '../../live/picture'
import { AskButton } from '../../ui/ask-button'
import { useConsole } from '../../ui/context'
import { usePerson } from '../../ui/continuity'
import { useWords } from '../../ui/text'

export function RunActs({ group: g }: { group: Group }) {
  const { t } = useWords()
  const { wall } = useConsole()
  const off = usePerson()?.roles.includes('tower') ? '' : t('off.tower')
  const path = `failover/${encodeURIComponent(g.id)}`
  if (wall) return null
  if (g.state === 'ABORTED' || g.state === 'FAILED')
    return (
      <AskButton
        off={off}
        plan={{
          title: t('run.rearm'),
          asset: g.id,
          path: `${path}/rearm`,
          means: t('run.rearm-means'),
          body: () => ({}),
        }}
      />
    )
  if (g.state !== 'COMPLETE') return null
  return (
    <div>
      <p>{t(g.asked ? 'run.block-two' : 'run.block')}</p>
      <AskButton
        off={off}
        plan={{
          title: t('run.end-block'),
          asset: g.id,
          path: `${path}/end-block`,
          means: t(g.asked ? 'run.block-two' : 'run.end-block-means'),
          body: () => ({}),
        }}
      />
    </div>
  )
}
