import { describe, expect, it } from 'vitest'
import { Prng } from '../../../base/index.ts'
import { checkListAppend, type ListTransaction, type Scalar, span, UNKNOWN_END } from '../../../sim/checkers/index.ts'
import { bend, oneOf, performAll, randomSpans } from './random-history.ts'

/** `append x 1, read x 1 2` from 0 to 10 by process 1, as in `1 0-10 ok: append x 1, read x 1 2`. */
function transactions(text: string): ListTransaction[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseTransaction)
}

function parseTransaction(line: string): ListTransaction {
  const [head = '', body = ''] = line.trim().split(': ')
  const [process = '', times = '', outcome = ''] = head.split(' ')
  if (outcome !== 'ok' && outcome !== 'failed' && outcome !== 'unknown') throw new Error(`the outcome is missing: ${line}`)
  const [start = '', end = ''] = times.split('-')
  const actions = body.split(', ').map((action): ListTransaction['actions'][number] => {
    const [kind, key = '', ...values] = action.split(' ')
    if (kind === 'append') return { kind, key, value: Number(values[0]) }
    return { kind: 'read-list', key, values: outcome === 'ok' ? values.map(Number) : null }
  })
  return { ...span(Number(process), Number(start), end === '' ? UNKNOWN_END : Number(end)), outcome, actions }
}

describe('list-append (Elle), histories known to be good', () => {
  it('transactions one after the other', () => {
    const history = transactions(`
      1 0-1 ok: append x 1, append y 1
      2 2-3 ok: read x 1, append x 2
      1 4-5 ok: read x 1 2, read y 1, append x 3, read x 1 2 3
    `)
    expect(checkListAppend(history)).toEqual({ verdict: 'passed', reads: [], cycles: [], counts: {} })
  })

  it('concurrent transactions in an order that real time does not tell', () => {
    const history = transactions(`
      1 0-9 ok: append x 1, read y 5
      2 0-9 ok: append y 5
      3 0-9 ok: read x, read y
      4 0-9 ok: read x 1, read y 5
    `)
    expect(checkListAppend(history).verdict).toBe('passed')
  })

  it('a transaction of unknown outcome took effect late, or never', () => {
    const history = transactions(`
      1 0- unknown: append x 1, append y 1
      2 0- unknown: append x 9
      3 5-6 ok: read x
      3 7-8 ok: read x 1, read y 1
    `)
    expect(checkListAppend(history).verdict).toBe('passed')
  })

  it('a read of what its own transaction appended is no intermediate read', () => {
    expect(checkListAppend(transactions('1 0-1 ok: append x 1, read x 1, append x 2')).verdict).toBe('passed')
  })
})

describe('list-append (Elle), the anomalies', () => {
  const cases: readonly (readonly [kind: string, why: string, history: string])[] = [
    [
      'G0',
      'two transactions wrote two keys in opposite orders',
      '1 0-9 ok: append x 1, append y 1\n2 0-9 ok: append x 2, append y 2\n3 20-21 ok: read x 1 2, read y 2 1',
    ],
    ['G1a', 'aborted read', '1 0-1 failed: append x 1\n2 2-3 ok: read x 1'],
    ['G1b', 'intermediate read', '1 0-9 ok: append x 1, append x 2\n2 0-9 ok: read x 1\n3 10-11 ok: read x 1 2'],
    ['G1c', 'each read what the other wrote', '1 0-9 ok: append x 1, read y 1\n2 0-9 ok: append y 1, read x 1'],
    [
      'G-single',
      'read skew: one key before the other transaction, one after',
      '1 0-9 ok: append x 1, append y 1\n2 0-9 ok: read x, read y 1\n3 10-11 ok: read x 1',
    ],
    [
      'G2',
      'write skew: neither saw the other',
      '1 0-9 ok: read x, append y 1\n2 0-9 ok: read y, append x 1\n3 10-11 ok: read x 1, read y 1',
    ],
    [
      'G2',
      'lost update: both read the old list, and one append was never read',
      '1 0-9 ok: read x 1, append x 2\n2 0-9 ok: read x 1, append x 3\n3 0-9 ok: append x 1',
    ],
    [
      'G-single-realtime',
      'stale read: the append had been acknowledged before',
      '1 0-1 ok: append x 1\n2 5-6 ok: read x\n3 9-10 ok: read x 1',
    ],
    [
      'G0-realtime',
      'lost append: acknowledged, and the list that was read goes on without it',
      '1 0-1 ok: append x 1\n2 5-6 ok: append x 2\n3 9-10 ok: read x 2',
    ],
    ['G-single-realtime', 'lost append: acknowledged, and nobody ever read it', '1 0-1 ok: append x 1\n2 5-6 ok: read x'],
    ['G-single-process', 'a process did not see its own append', '1 0-1 ok: append x 1\n1 2-3 ok: read x\n2 9-10 ok: read x 1'],
    ['G1c-realtime', 'read from the future', '1 0-1 ok: read x 1\n2 5-6 ok: append x 1'],
    [
      'incompatible-order',
      'two reads disagree on the order',
      '1 0-9 ok: append x 1\n2 0-9 ok: append x 2\n3 0-9 ok: read x 1 2\n4 0-9 ok: read x 2 1',
    ],
    ['thin-air', 'an element that nobody appended', '1 0-1 ok: read x 7'],
    ['duplicate-element', 'an element twice', '1 0-1 ok: append x 1\n2 2-3 ok: read x 1 1'],
    ['internal', 'its own append is missing', '1 0-1 ok: append x 1, read x\n2 2-3 ok: read x 1'],
    ['internal', 'two reads in one transaction differ', '1 0-9 ok: append x 1\n2 0-9 ok: read x, read x 1'],
  ]

  it.each(cases)('%s: %s', (kind, _, history) => {
    const result = checkListAppend(transactions(history))
    expect(result.verdict).toBe('failed')
    expect(result.counts).toHaveProperty([kind])
  })

  it('a cycle names its transactions and what leads from each to the next', () => {
    const { cycles } = checkListAppend(transactions('1 0-1 ok: append x 1\n2 5-6 ok: read x\n3 9-10 ok: read x 1'))
    expect(cycles).toEqual([
      {
        kind: 'G-single-realtime',
        steps: [
          { node: 1, dependency: 'rw' },
          { node: 0, dependency: 'realtime' },
        ],
      },
    ])
  })

  it('what only breaks real time is serializable, and what only breaks a session is too', () => {
    const stale = transactions('1 0-1 ok: append x 1\n2 5-6 ok: read x\n3 9-10 ok: read x 1')
    expect(checkListAppend(stale, 'process').verdict).toBe('passed')
    const own = transactions('1 0-1 ok: append x 1\n1 2-3 ok: read x\n2 9-10 ok: read x 1')
    expect(checkListAppend(own, 'process').verdict).toBe('failed')
    expect(checkListAppend(own, 'none').verdict).toBe('passed')
  })

  it('the worst of a knot is named', () => {
    const history = transactions(`
      1 0-9 ok: append x 1, append y 1, read z
      2 0-9 ok: append x 2, append y 2, append z 1
      3 20-21 ok: read x 1 2, read y 2 1, read z 1
    `)
    expect(checkListAppend(history).cycles.map(({ kind }) => kind)).toEqual(['G0'])
  })

  it('separate knots are separate findings', () => {
    const skew = (x: string, y: string) => `
      1 0-9 ok: append ${x} 1, append ${y} 1
      2 0-9 ok: read ${x}, read ${y} 1
    `
    expect(checkListAppend(transactions(skew('a', 'b') + skew('c', 'd')), 'none').counts).toEqual({ 'G-single': 2 })
  })

  it('a history that appends an element twice is refused', () => {
    expect(() => checkListAppend(transactions('1 0-1 ok: append x 1\n2 0-1 ok: append x 1'))).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }),
    )
  })

  it('a cycle of 30,000 transactions needs no stack', () => {
    const count = 30_000
    // Each reads what the one before appended; the first reads what the last one did.
    const history = Array.from(
      { length: count },
      (_, number): ListTransaction => ({
        ...span(number, 0, 10),
        outcome: 'ok',
        actions: [
          { kind: 'append', key: `k${number}`, value: 1 },
          { kind: 'read-list', key: `k${(number + count - 1) % count}`, values: [1] },
        ],
      }),
    )
    const { cycles } = checkListAppend(history)
    expect(cycles.map(({ kind, steps }) => [kind, steps.length])).toEqual([['G1c', count]])
  })
})

describe('list-append (Elle) against all orders', () => {
  it('convicts no history that has an order, and most that have none, in 4,000', () => {
    const random = new Prng(21)
    const counts = { passed: 0, failed: 0, missed: 0 }
    for (let round = 0; round < 4000; round++) {
      const history = randomTransactions(random)
      const hasOrder = isStrictlySerializable(history)
      const { verdict } = checkListAppend(history)
      if (hasOrder) expect(verdict, JSON.stringify(history)).toBe('passed')
      if (hasOrder) counts.passed += 1
      else if (verdict === 'failed') counts.failed += 1
      else counts.missed += 1
    }
    expect(counts.passed).toBeGreaterThan(1000)
    expect(counts.failed).toBeGreaterThan(1000)
    // It judges by what was read: where too little was, it stays silent.
    expect(counts.missed).toBeLessThan(counts.failed / 20)
  })
})

function randomTransactions(random: Prng): ListTransaction[] {
  const lists = new Map<string, Scalar[]>()
  let element = 0
  const draw = (isPerformed: boolean, when: ReturnType<typeof span>): ListTransaction => {
    const outcome = when.end === UNKNOWN_END ? 'unknown' : 'ok'
    const actions = Array.from({ length: 1 + random.below(3) }, (): ListTransaction['actions'][number] => {
      const key = oneOf(random, ['x', 'y'])
      const list = lists.get(key) ?? []
      if (random.below(2) === 0) return { kind: 'read-list', key, values: outcome === 'ok' ? [...list] : null }
      element += 1
      if (isPerformed) lists.set(key, [...list, element])
      return { kind: 'append', key, value: element }
    })
    return { ...when, outcome, actions }
  }
  const history = performAll(
    random,
    randomSpans(random, { calls: 2 + random.below(5), processes: 3, lengthMax: 5 }),
    (when) => draw(true, when),
    (when) => draw(false, when),
  )
  if (random.below(3) === 0) return history
  return bend(
    random,
    history,
    ({ outcome, actions }) => outcome === 'ok' && actions.some((action) => action.kind === 'read-list' && (action.values?.length ?? 0) > 0),
    (transaction) => ({
      ...transaction,
      actions: transaction.actions.map((action) =>
        action.kind === 'read-list' && action.values !== null ? { ...action, values: action.values.slice(0, -1) } : action,
      ),
    }),
  )
}

/** Every order that respects real time, with unknown transactions in it or not. */
function isStrictlySerializable(history: readonly ListTransaction[]): boolean {
  const tryFrom = (left: readonly ListTransaction[], lists: ReadonlyMap<string, readonly Scalar[]>): boolean => {
    if (left.every(({ outcome }) => outcome !== 'ok')) return true
    return left.some((next) => {
      if (next.outcome === 'failed' || left.some((other) => other.outcome === 'ok' && other.end < next.start)) return false
      const after = new Map(lists)
      for (const action of next.actions) {
        const list = after.get(action.key) ?? []
        if (action.kind === 'append') after.set(action.key, [...list, action.value])
        else if (action.values !== null && action.values.join() !== list.join()) return false
      }
      return tryFrom(
        left.filter((other) => other !== next),
        after,
      )
    })
  }
  return tryFrom(history, new Map())
}
