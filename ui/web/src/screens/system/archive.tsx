// This node's own copy of the shared journal: how far it goes, what only the copies have any more, and whether the
// other nodes have the same history.

import type { Archive } from '../../live/system'
import { useWords } from '../../ui/text'
import { Fact, Facts } from '../../ui/tile'
import { Size, Well } from './parts'

export function Archived({ archive }: { archive: Archive }) {
  const { t } = useWords()
  const nodes = archive.nodes ?? []
  return (
    <>
      <Facts>
        <Fact name={t('sys.archive')}>
          {t('sys.archive-to', { n: archive.held })}
          {archive.tip > archive.entry && ` · ${t('sys.archive-behind', { n: archive.tip - archive.entry })}`}
          {!!archive.missing && ` · ${t('sys.archive-missing', { n: archive.missing })}`} ·{' '}
          <Size bytes={archive.bytes} />
        </Fact>
        {!!archive.floor && (
          <Fact name={t('sys.archive-floor')}>{t('sys.archive-up-to', { n: archive.floor })}</Fact>
        )}
        {nodes.map((n) => (
          <Fact key={n.node} name={t('sys.archive-node', { name: n.node })}>
            <Well
              ok={n.why ? false : n.agrees || null}
              word={t(n.why ? 'sys.archive-differs' : n.agrees ? 'sys.archive-agrees' : 'sys.not-known')}
            />
          </Fact>
        ))}
      </Facts>
      {archive.why && <p className="why">{archive.why}</p>}
      {nodes.map(
        (n) =>
          n.why && (
            <p className="why" key={n.node}>
              {n.why}
            </p>
          ),
      )}
    </>
  )
}
