// How old the newest word of the server is. Written straight into the text node five times a
// second: it must move while everything else stands.

import { useEffect, useRef } from 'react'
import { number } from '../live/format'
import { useConsole } from './context'
import { useConnection } from './live'
import { useWords } from './text'

export function StreamAge() {
  const { stream } = useConsole()
  const { t } = useWords()
  const connection = useConnection()
  const figure = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    const timer = setInterval(() => {
      const node = figure.current?.firstChild
      if (node) node.nodeValue = number(stream.watchdog.silence() / 1000, 1)
    }, 200)
    return () => clearInterval(timer)
  }, [stream])
  return (
    <div className="stream" data-state={connection} title={t('stream.age')}>
      <span className="stream-dot" aria-hidden />
      <span className="stream-word">{t(`stream.state.${connection}`)}</span>
      <span ref={figure} className="stream-age">
        0.0
      </span>
      <span className="muted">{t('seconds')}</span>
    </div>
  )
}
