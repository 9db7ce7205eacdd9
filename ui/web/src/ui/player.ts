// Plays the sound that is due, over and over, with WebAudio: no files, so it works when the server
// is gone.

import { sounds, type Sound } from '../live/annunciate'

export class Player {
  private context: AudioContext | null = null
  private priority: number | null = null
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(private blocked: (b: boolean) => void) {}

  /** Sounds this priority from now on; null is quiet. */
  want(priority: number | null): void {
    if (priority === this.priority) return
    this.priority = priority
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    if (priority === null) this.blocked(false)
    else this.repeat()
  }

  /** Sounds once, unless a real alarm sounds or the browser has not been pressed yet. */
  once(sound: Omit<Sound, 'every'>): void {
    if (this.priority !== null || typeof AudioContext === 'undefined') return
    this.context ??= new AudioContext()
    if (this.context.state === 'running') play(this.context, sound)
    else void this.context.resume()
  }

  /** Called from a press: browsers let a page sound only after one. */
  unlock(): void {
    void this.context?.resume().then(() => this.blocked(false))
  }

  close(): void {
    this.want(null)
    void this.context?.close()
    this.context = null
  }

  private repeat(): void {
    const sound = this.priority === null ? undefined : sounds[this.priority]
    if (!sound || typeof AudioContext === 'undefined') return
    this.context ??= new AudioContext()
    const context = this.context
    if (context.state === 'running') {
      this.blocked(false)
      play(context, sound)
    } else {
      this.blocked(true)
      void context.resume()
    }
    this.timer = setTimeout(() => this.repeat(), sound.every * 1000)
  }
}

function play(context: AudioContext, sound: Omit<Sound, 'every'>): void {
  sound.tones.forEach((hz, i) => tone(context, hz, i * sound.each, sound.each))
}

function tone(context: AudioContext, hz: number, after: number, length: number): void {
  const from = context.currentTime + after
  const osc = context.createOscillator()
  const gain = context.createGain()
  osc.frequency.value = hz
  // A short rise and fall, or the speaker clicks.
  gain.gain.setValueAtTime(0, from)
  gain.gain.linearRampToValueAtTime(0.25, from + 0.01)
  gain.gain.linearRampToValueAtTime(0, from + length - 0.01)
  osc.connect(gain).connect(context.destination)
  osc.start(from)
  osc.stop(from + length)
}
