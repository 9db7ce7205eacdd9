// Short notices of what was refused or done, announced politely and kept until read or replaced.

import { X } from 'lucide-react'
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import { useWords } from './text'

const notices = createStore<{ text: string; at: number }>(() => ({ text: '', at: 0 }))

export function notify(text: string): void {
  notices.setState({ text, at: Date.now() })
}

export function Notices() {
  const { text } = useStore(notices)
  const { t } = useWords()
  return (
    <div className="notice" role="status" data-open={text ? true : undefined}>
      {text && (
        <>
          <span>{text}</span>
          <button
            type="button"
            className="button quiet icon"
            aria-label={t('close')}
            onClick={() => notify('')}
          >
            <X aria-hidden />
          </button>
        </>
      )}
    </div>
  )
}
