import { describe, expect, it } from 'vitest'
import { Latencies } from '../../cli/latencies.ts'
import { formatAge, formatMs } from '../../cli/quantities.ts'

describe('latencies', () => {
  it('[CLI] quantiles are right to two per cent', () => {
    const latencies = new Latencies()
    for (let i = 1; i <= 1000; i++) latencies.record(i / 10)
    expect(latencies.quantileMs(0.5)).toBeCloseTo(50, -0.5)
    expect(Math.abs(latencies.quantileMs(0.99) / 99 - 1)).toBeLessThan(0.02)
    expect(latencies.maxMs).toBe(100)
  })

  it('[CLI] nothing measured is nothing', () => {
    expect(new Latencies().quantileMs(0.99)).toBe(0)
  })
})

describe('quantities', () => {
  it.each([
    [0.412, '0.41 ms'],
    [9.96, '10.0 ms'],
    [412.3, '412 ms'],
    [2130, '2.1 s'],
    [61_000, '1 m 01 s'],
  ])('[CLI] %d ms reads %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text)
  })

  it.each([
    [4000, '4 s'],
    [133_000, '2 m 13 s'],
    [18_120_000, '5 h 02 m'],
    [792_000_000, '9 d 4 h'],
  ])('[CLI] an age of %d ms reads %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text)
  })
})
