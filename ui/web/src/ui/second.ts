// One beat a second in server time for everything that shows an age. It goes on when the stream
// does not: an age must grow most visibly when nothing arrives.

let offset = 0
let current = Math.floor(Date.now() / 1000) * 1000
let timer: ReturnType<typeof setInterval> | null = null
const subs = new Set<() => void>()

/** Milliseconds the server's clock is ahead of this browser's. */
export const skew = (): number => offset

/** Learns the server's clock from a heartbeat. */
export function learn(serverMs: number): void {
  const measured = serverMs - Date.now()
  // Small differences are travel time and jitter; following them would make the clock stutter.
  if (Math.abs(measured - offset) > 250) offset = measured
}

/** Server time in ms, whole seconds, the same until the next beat. */
export const now = (): number => current

function beat(): void {
  const next = Math.floor((Date.now() + offset) / 1000) * 1000
  if (next === current) return
  current = next
  subs.forEach((f) => f())
}

export function onSecond(f: () => void): () => void {
  subs.add(f)
  timer ??= setInterval(beat, 200)
  return () => {
    subs.delete(f)
    if (subs.size === 0 && timer !== null) {
      clearInterval(timer)
      timer = null
    }
  }
}
