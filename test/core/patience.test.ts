import { describe, expect, it } from 'vitest'
import { Patience } from '../../core/leader-mode/patience.ts'

const CALM_MS = 60_000

describe('the time-outs of elections', () => {
  it('[LM2] double each time one proves too short, up to eight times their length', () => {
    const patience = new Patience()
    const seen = [spanOf(patience, 0)]
    for (let nowMs = 1; nowMs <= 4; nowMs++) {
      patience.lengthen(nowMs)
      seen.push(spanOf(patience, nowMs))
    }
    expect(seen).toEqual(['500–1000', '1000–2000', '2000–4000', '4000–8000', '4000–8000'])
  })

  it.each([
    { afterMs: CALM_MS - 1, span: '2000–4000' },
    { afterMs: CALM_MS, span: '1000–2000' },
    { afterMs: 2 * CALM_MS, span: '500–1000' },
    { afterMs: 100 * CALM_MS, span: '500–1000' },
  ])('[LM2] are $span ms $afterMs ms after two that were too short', ({ afterMs, span }) => {
    const patience = new Patience()
    patience.lengthen(1000)
    patience.lengthen(1000)
    expect(spanOf(patience, 1000 + afterMs)).toBe(span)
  })

  it('[LM2] begin their calm anew with each that was too short', () => {
    const patience = new Patience()
    patience.lengthen(0)
    patience.lengthen(CALM_MS - 1)
    expect(spanOf(patience, CALM_MS)).toBe('2000–4000')
  })
})

function spanOf(patience: Patience, nowMs: number): string {
  return `${patience.minMs(nowMs)}–${patience.maxMs(nowMs)}`
}
