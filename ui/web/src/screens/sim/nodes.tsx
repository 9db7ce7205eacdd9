// The nodes of the demo of three data centers. Whoever stops or freezes one watches at another's console what happens;
// a world of one node shows nothing here.

import { useQuery } from '@tanstack/react-query'
import { get, post, segment } from '../../api/client'
import { list, record, text } from '../../live/simulator-read'
import { Act } from '../../ui/act'
import { useWords } from '../../ui/text'
import { useSimAct } from './act'

interface DemoNode {
  name: string
  console: string
  is: string
  want: string
}

function readNodes(answer: unknown): DemoNode[] {
  return list(record(answer).items).map((n) => ({
    name: text(n.name),
    console: text(n.console),
    is: text(n.is),
    want: text(n.want),
  }))
}

export function Nodes() {
  const { t } = useWords()
  const act = useSimAct()
  const nodes = useQuery({
    queryKey: ['sim', 'nodes'],
    queryFn: async () => readNodes(await get<unknown>('sim/nodes')),
    refetchInterval: 2000,
    retry: false,
  }).data
  if (!nodes || nodes.length === 0) return null
  const press = (node: DemoNode, what: string) => (
    <Act
      key={what}
      right="simulate"
      quiet
      label={t(`sim.node.${what}-of`, { node: node.name })}
      onAct={act(() => post(`sim/nodes/${segment(node.name)}/${what}`, {}))}
    >
      {t(`sim.node.${what}`)}
    </Act>
  )
  return (
    <section className="panel sim-nodes" aria-labelledby="nodes-h">
      <h2 id="nodes-h">{t('sim.nodes')}</h2>
      <p className="muted">{t('sim.nodes-about')}</p>
      <ul className="lines">
        {nodes.map((n) => (
          <li key={n.name}>
            <span className="entry-kind">{n.name}</span>
            <a href={`http://${n.console}/sim`}>{n.console}</a>
            <strong>{t(`sim.node.${n.is}`, { defaultValue: n.is })}</strong>
            {n.want !== n.is && (
              <span className="muted">
                {t('sim.node.soon', { state: t(`sim.node.${n.want}`, { defaultValue: n.want }) })}
              </span>
            )}
            <span className="sim-node-acts">
              {(n.is === 'running' ? ['freeze', 'stop'] : ['start']).map((what) => press(n, what))}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
