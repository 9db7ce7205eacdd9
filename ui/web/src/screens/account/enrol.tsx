// What stands before the console for whose role takes a second factor and who has none yet.

import type { Session } from '../../live/types'
import { LangSwitch, ThemeSwitch } from '../../ui/switches'
import { useWords } from '../../ui/text'
import { EnrolSteps } from './enrol-steps'
import '../../style/account.css'
import '../../style/login.css'

export default function Enrol({
  session,
  done,
  leave,
}: {
  session: Session
  done: () => void
  leave: () => void
}) {
  const { t } = useWords()
  return (
    <div className="login">
      <header className="login-head">
        <LangSwitch />
        <ThemeSwitch />
      </header>
      <main className="login-panel panel accounts" id="main">
        <h1>{t('acc.enrol-title')}</h1>
        <p className="muted">{t('acc.enrol-why', { user: session.user })}</p>
        <EnrolSteps standing={false} close={leave} done={done} />
      </main>
    </div>
  )
}
