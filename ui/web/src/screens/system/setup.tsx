// By which files the site runs, and a way to have it run by changed ones: look at the plan first, then do it.

import { useState } from 'react'
import { post, Problem } from '../../api/client'
import type { Reload } from '../../live/types'
import { Act } from '../../ui/act'
import { useConsole } from '../../ui/context'
import { useHeartbeat } from '../../ui/live'
import { Fact, Facts } from '../../ui/tile'
import { useWords } from '../../ui/text'
import { Part } from './parts'

export function Setup() {
  const { t } = useWords()
  const { site, session, wall } = useConsole()
  const [report, setReport] = useState<Reload | null>(null)
  const shown = useHeartbeat()?.revision ?? site.revision
  if (wall || !session.roles.includes('admin')) return null
  const ask = (dry: boolean) => async () => {
    try {
      setReport(await post<Reload>('site/reload', { dry_run: dry }))
    } catch (e) {
      const refused = e instanceof Problem ? (e.body as { report?: Reload } | null)?.report : undefined
      if (!refused) throw e
      setReport(refused)
    }
  }
  const planned = report?.state === 'planned' && report.refused.length === 0 && report.from === shown
  return (
    <Part id="setup" title={t('setup.title')}>
      <Facts>
        <Fact name={t('setup.revision')}>
          <code className="setup-revision">{shown}</code>
        </Fact>
      </Facts>
      <p className="buttons">
        <Act right="reload" onAct={ask(true)}>
          {t('setup.look')}
        </Act>
        <Act right="reload" primary off={planned ? '' : t('setup.look-first')} onAct={ask(false)}>
          {t('setup.reload')}
        </Act>
      </p>
      {report && <Report report={report} />}
    </Part>
  )
}

function Report({ report }: { report: Reload }) {
  const { t } = useWords()
  const refused = report.refused.length > 0
  return (
    <div className="reload" role="status">
      <p className="tile-state">
        {t(refused && report.state === 'planned' ? 'setup.would-refuse' : `setup.state.${report.state}`)}
      </p>
      {report.state !== 'same' && report.to && (
        <p>
          <code>{report.from}</code> → <code>{report.to}</code> · {t(`setup.reach.${report.reach}`)}
          {report.links.length > 0 && ` (${report.links.join(', ')})`}
        </p>
      )}
      {report.rules.length > 0 && <p>{t('setup.rules', { list: report.rules.join(', ') })}</p>}
      {report.fire && <p>{t('setup.fire')}</p>}
      <Lines lines={report.refused} />
      <Lines
        lines={report.faults.map(
          (f) =>
            `${f.file}:${f.line}:${f.col}: ${f.warning ? t('setup.warning') : ''}${f.path ? `${f.path}: ` : ''}${f.text}`,
        )}
      />
      <Lines lines={report.changes} />
      {report.more > 0 && <p className="muted">{t('setup.more', { n: report.more })}</p>}
    </div>
  )
}

function Lines({ lines }: { lines: string[] }) {
  if (lines.length === 0) return null
  return (
    <ul className="reload-lines">
      {lines.map((l, i) => (
        <li key={i}>{l}</li>
      ))}
    </ul>
  )
}
