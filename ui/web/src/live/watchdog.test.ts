import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Watchdog } from './watchdog'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function watched() {
  const judged = vi.fn()
  const reconnect = vi.fn()
  const dog = new Watchdog({ judged, reconnect }, () => Date.now())
  dog.start()
  return { dog, judged, reconnect }
}

describe('silence', () => {
  it('is late after 3 s, reconnects at 5 s, is lost after 10 s, and reconnects every 5 s', () => {
    const { judged, reconnect } = watched()
    vi.advanceTimersByTime(2900)
    expect(judged).not.toHaveBeenCalled()
    vi.advanceTimersByTime(200)
    expect(judged).toHaveBeenLastCalledWith('late')
    expect(reconnect).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2000)
    expect(reconnect).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(5000)
    expect(judged).toHaveBeenLastCalledWith('lost')
    expect(reconnect).toHaveBeenCalledTimes(2)
    vi.advanceTimersByTime(15_000)
    expect(reconnect).toHaveBeenCalledTimes(5)
    expect(judged).toHaveBeenCalledTimes(2)
  })

  it('ends with a heartbeat', () => {
    const { dog, judged, reconnect } = watched()
    vi.advanceTimersByTime(11_000)
    dog.beat()
    expect(judged).toHaveBeenLastCalledWith('fresh')
    expect(dog.silence()).toBe(0)
    reconnect.mockClear()
    vi.advanceTimersByTime(4000)
    expect(reconnect).not.toHaveBeenCalled()
  })

  it('is never judged while heartbeats come each second', () => {
    const { dog, judged, reconnect } = watched()
    for (let n = 0; n < 60; n++) {
      vi.advanceTimersByTime(1000)
      dog.beat()
    }
    expect(judged).not.toHaveBeenCalled()
    expect(reconnect).not.toHaveBeenCalled()
  })

  it('is not watched after stop', () => {
    const { dog, judged } = watched()
    dog.stop()
    vi.advanceTimersByTime(60_000)
    expect(judged).not.toHaveBeenCalled()
  })
})
