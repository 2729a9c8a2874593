import { describe, expect, it } from 'vitest'
import { Prng } from '../../../base/index.ts'
import {
  checkBank,
  checkCounterBounds,
  checkLinearizable,
  checkLongFork,
  checkTotalQueue,
  counterModel,
  increment,
  read,
  span,
  UNKNOWN_END,
} from '../../../sim/checkers/index.ts'
import { performAll, randomSpans } from './random-history.ts'

describe('bank', () => {
  const rules = { accounts: ['a', 'b'], sum: 20, mayOverdraw: false }

  it.each([
    [
      'whole',
      [
        ['a', 5],
        ['b', 15],
      ],
      null,
    ],
    [
      'a sum between the halves of a transfer',
      [
        ['a', 5],
        ['b', 10],
      ],
      'wrong-sum',
    ],
    [
      'an overdrawn account',
      [
        ['a', -5],
        ['b', 25],
      ],
      'overdrawn',
    ],
    ['a missing account', [['a', 20]], 'wrong-account'],
    [
      'an account that holds no number',
      [
        ['a', 20],
        ['b', null],
      ],
      'wrong-account',
    ],
    [
      'an account twice',
      [
        ['a', 10],
        ['b', 5],
        ['b', 5],
      ],
      'wrong-account',
    ],
    [
      'a strange account',
      [
        ['a', 10],
        ['b', 10],
        ['c', 0],
      ],
      'wrong-account',
    ],
  ] as const)('%s', (_, balances, kind) => {
    const result = checkBank([{ balances, at: 7 }], rules)
    expect(result.verdict).toBe(kind === null ? 'passed' : 'failed')
    expect(result.violations.map((violation) => [violation.kind, violation.read.at])).toEqual(kind === null ? [] : [[kind, 7]])
  })

  it('may overdraw if the bank lets it, and knows nothing without a read', () => {
    expect(
      checkBank(
        [
          {
            balances: [
              ['a', -5],
              ['b', 25],
            ],
          },
        ],
        { ...rules, mayOverdraw: true },
      ).verdict,
    ).toBe('passed')
    expect(checkBank([], rules).verdict).toBe('unknown')
  })
})

describe('counter bounds (Jepsen)', () => {
  const adds = [
    { ...span(1, 0, 10), by: 5 },
    { ...span(2, 5, UNKNOWN_END), by: 3 },
    { ...span(3, 30, 40), by: -2 },
  ]

  it.each([
    // value   start  end   verdict
    [0, 0, 4, 'passed'],
    [6, 0, 4, 'failed'],
    [8, 5, 9, 'passed'],
    [0, 11, 12, 'failed'],
    [5, 11, 12, 'passed'],
    [8, 11, 12, 'passed'],
    [3, 11, 12, 'failed'],
    [3, 31, 32, 'passed'],
    [3, 41, 42, 'passed'],
    [6, 41, 42, 'passed'],
    [8, 41, 42, 'failed'],
  ] as const)('%d read from %d to %d: %s', (value, start, end, verdict) => {
    expect(checkCounterBounds(adds, [{ ...span(9, start, end), value }]).verdict).toBe(verdict)
  })

  it('tells what it might have been', () => {
    expect(checkCounterBounds(adds, [{ ...span(9, 11, 12), value: 99 }], 100).violations).toMatchObject([{ low: 105, high: 108 }])
  })

  it('convicts no history of a real counter, and only ones that a search convicts too, in 3,000', () => {
    const random = new Prng(51)
    const counts = { passed: 0, failed: 0, unknown: 0 }
    for (let round = 0; round < 3000; round++) {
      let sum = 0
      const calls = performAll(
        random,
        randomSpans(random, { calls: 2 + random.below(7), processes: 3, lengthMax: 5 }),
        (when) => {
          if (random.below(2) === 0) return { ...when, value: sum }
          const by = random.below(7) - 3
          sum += by
          return { ...when, by }
        },
        (when) => ({ ...when, by: 1 }),
      )
      const increments = calls.flatMap((call) => ('by' in call ? [call] : []))
      const reads = calls.flatMap((call) =>
        'by' in call ? [] : [{ ...call, value: call.value + (random.below(8) === 0 ? random.below(9) - 4 : 0) }],
      )
      const { verdict } = checkCounterBounds(increments, reads)
      const history = [
        ...increments.map((call) => increment('n', call.by, null, call)),
        ...reads.map((call) => read('n', call.value, call)),
      ]
      if (verdict === 'failed') expect(checkLinearizable(counterModel(), history).verdict).toBe('failed')
      else if (checkLinearizable(counterModel(), history).verdict === 'passed') expect(verdict).not.toBe('failed')
      counts[verdict] += 1
    }
    expect(counts.passed).toBeGreaterThan(500)
    expect(counts.failed).toBeGreaterThan(200)
  })
})

describe('total-queue (Jepsen)', () => {
  it('what was acknowledged comes out once; what is unknown may', () => {
    const enqueues = [
      { item: 'a', outcome: 'ok' },
      { item: 'b', outcome: 'unknown' },
      { item: 'c', outcome: 'unknown' },
      { item: 'd', outcome: 'failed' },
    ] as const
    expect(checkTotalQueue(enqueues, ['b', 'a'])).toEqual({ verdict: 'passed', lost: [], unexpected: [], duplicated: [], recovered: 1 })
    expect(checkTotalQueue(enqueues, ['b', 'b', 'd'])).toEqual({
      verdict: 'failed',
      lost: ['a'],
      unexpected: ['d'],
      duplicated: ['b'],
      recovered: 1,
    })
  })

  it('equal items are counted', () => {
    const twice = [
      { item: 1, outcome: 'ok' },
      { item: 1, outcome: 'ok' },
    ] as const
    expect(checkTotalQueue(twice, [1, 1]).verdict).toBe('passed')
    expect(checkTotalQueue(twice, [1])).toMatchObject({ verdict: 'failed', lost: [1] })
    expect(checkTotalQueue(twice, [1, 1, 1])).toMatchObject({ verdict: 'failed', duplicated: [1] })
  })
})

describe('long fork (Jepsen)', () => {
  it('two reads that saw two writes in opposite orders', () => {
    const left = {
      values: [
        ['x', 1],
        ['y', null],
      ],
    } as const
    const right = {
      values: [
        ['x', null],
        ['y', 1],
      ],
    } as const
    expect(checkLongFork([left, right])).toEqual({ verdict: 'failed', forks: [{ left, right, onlyLeft: 'x', onlyRight: 'y' }], groups: 1 })
  })

  it('reads that contain each other are of one order', () => {
    const reads = [
      {
        values: [
          ['x', 1],
          ['y', 1],
        ],
      },
      {
        values: [
          ['x', null],
          ['y', null],
        ],
      },
      {
        values: [
          ['y', 1],
          ['x', null],
        ],
      },
    ] as const
    expect(checkLongFork(reads)).toEqual({ verdict: 'passed', forks: [], groups: 1 })
  })

  it('groups are judged apart, and one read of a group tells nothing', () => {
    expect(checkLongFork([{ values: [['x', 1]] }, { values: [['y', 1]] }])).toEqual({ verdict: 'unknown', forks: [], groups: 0 })
  })

  it('agrees with comparing every pair, in 2,000 random groups', () => {
    const random = new Prng(61)
    const counts = { passed: 0, failed: 0, unknown: 0 }
    for (let round = 0; round < 2000; round++) {
      const reads = Array.from({ length: 2 + random.below(3) }, () => ({
        values: ['a', 'b', 'c'].map((key) => [key, random.below(2) === 0 ? null : 1] as const),
      }))
      const seen = reads.map(({ values }) => values.filter(([, value]) => value !== null).map(([key]) => key))
      const isFork = seen.some((left) =>
        seen.some((right) => left.some((key) => !right.includes(key)) && right.some((key) => !left.includes(key))),
      )
      const { verdict } = checkLongFork(reads)
      expect(verdict).toBe(isFork ? 'failed' : 'passed')
      counts[verdict] += 1
    }
    expect(counts.passed).toBeGreaterThan(200)
    expect(counts.failed).toBeGreaterThan(200)
  })
})
