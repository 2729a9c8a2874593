import { describe, expect, it } from 'vitest'
import { Prng } from '../../../base/index.ts'
import {
  append,
  type Batch,
  batch,
  type CounterAction,
  checkLinearizable,
  checkRegisters,
  compareAndSet,
  counterModel,
  IMPOSSIBLE,
  increment,
  type ListAction,
  listModel,
  type RegisterAction,
  read,
  readList,
  registerModel,
  type Scalar,
  type SequentialModel,
  type Span,
  span,
  UNKNOWN_END,
  write,
} from '../../../sim/checkers/index.ts'
import { isLinearizable } from './brute-force.ts'
import { drawn } from './drawn-history.ts'
import { bend, oneOf, performAll, randomSpans } from './random-history.ts'

type Single<A> = Span & A
type Registers = readonly (Single<RegisterAction> | Batch<RegisterAction>)[]

function onRegisters(picture: string): Registers {
  return drawn(picture).filter(
    (call): call is Single<RegisterAction> | Batch<RegisterAction> =>
      call.kind === 'read' || call.kind === 'write' || call.kind === 'cas' || call.kind === 'batch',
  )
}

describe('linearizability by search, histories from the literature', () => {
  // Porcupine's documentation: one client writes 100 while two others read.
  it('reads during a write may see it or not (Porcupine)', () => {
    const history = [write('x', 100, span(0, 0, 100)), read('x', 100, span(1, 25, 75)), read('x', 0, span(2, 30, 60))]
    expect(checkLinearizable(registerModel(0), history).verdict).toBe('passed')
  })

  it('once a read has seen the new value, no later one sees the old value (Porcupine)', () => {
    const stale = read('x', 0, span(2, 40, 90))
    const result = checkLinearizable(registerModel(0), [write('x', 200, span(0, 0, 100)), read('x', 200, span(1, 10, 30)), stale])
    expect(result.verdict).toBe('failed')
    expect(result.unordered).toMatchObject([{ keys: ['x'], stuck: { action: { parts: [stale] } }, takenCount: 2 }])
  })

  // Herlihy and Wing 1990, section 1: histories of a queue, and of a register.
  it.each([
    [
      'overlapping enqueues in either order',
      'passed',
      ['enqueue a 0 1', 'enqueue b 0 1', 'dequeue b 2 3', 'dequeue a 4 5', 'enqueue c 6 7'],
    ],
    ['the second enqueued comes out first', 'failed', ['enqueue a 0 1', 'enqueue b 2 3', 'dequeue b 4 5', 'dequeue a 6 7']],
    ['dequeued before its enqueue returned', 'passed', ['enqueue a 0 9', 'dequeue a 2 3']],
    ['dequeued twice', 'failed', ['enqueue a 0 1', 'enqueue b 0 1', 'dequeue b 2 3', 'dequeue b 4 5']],
    ['dequeued before its enqueue began', 'failed', ['dequeue a 0 1', 'enqueue a 2 3']],
    ['the unknown enqueue came out', 'passed', ['enqueue a 0 ?', 'enqueue b 1 2', 'dequeue b 3 4', 'dequeue a 5 6']],
  ])('queue: %s → %s', (_, verdict, calls) => {
    const history = calls.map((text, process) => {
      const [kind = '', item = '', start = '', end = ''] = text.split(' ')
      return { process, kind, key: 'q', item, start: Number(start), end: end === '?' ? UNKNOWN_END : Number(end) }
    })
    expect(checkLinearizable(QUEUE, history).verdict).toBe(verdict)
    expect(isLinearizable(QUEUE, history)).toBe(verdict === 'passed')
  })

  it('a crashed write may show itself much later (Knossos)', () => {
    const history = onRegisters(`
      A  |-- write x 1 -->
      B                      |-- read x nil --|  |-- read x nil --|   |-- read x 1 --|
    `)
    expect(checkLinearizable(registerModel(), history).verdict).toBe('passed')
  })

  it('a crashed write that was seen can not be unseen (Knossos)', () => {
    const history = onRegisters(`
      A  |-- write x 1 -->
      B                      |-- read x nil --|  |-- read x 1 --|   |-- read x nil --|
    `)
    expect(checkLinearizable(registerModel(), history).verdict).toBe('failed')
  })

  it('of two compare-and-sets from one value, one fails', () => {
    const picture = (second: string): Registers =>
      onRegisters(`
        A  |-- write x 1 --|  |-- cas x 1 2 yes --|
        B                     |-- cas x 1 3 ${second} ---|
      `)
    expect(checkLinearizable(registerModel(), picture('no')).verdict).toBe('passed')
    expect(checkLinearizable(registerModel(), picture('yes')).verdict).toBe('failed')
    expect(checkLinearizable(registerModel(), picture('?')).verdict).toBe('passed')
  })

  it('a compare-and-set of unknown outcome explains a later value, if it found what it expected', () => {
    const history = (seen: number): Registers =>
      onRegisters(`
        A  |-- write x 1 --|  |-- cas x 1 2 ? -->
        B                                           |-- read x ${seen} --|
      `)
    expect(checkLinearizable(registerModel(), history(2)).verdict).toBe('passed')
    expect(checkLinearizable(registerModel(), history(1)).verdict).toBe('passed')
    expect(checkLinearizable(registerModel(), history(3)).verdict).toBe('failed')
  })

  it('two increments never return one sum', () => {
    const at = [span(1, 0, 5), span(2, 1, 6)] as const
    expect(checkLinearizable(counterModel(), [increment('n', 1, 1, at[0]), increment('n', 1, 2, at[1])]).verdict).toBe('passed')
    expect(checkLinearizable(counterModel(), [increment('n', 1, 1, at[0]), increment('n', 1, 1, at[1])]).verdict).toBe('failed')
  })

  it('a batch takes effect on all its keys at once', () => {
    const torn = onRegisters(`
      A  |-- write x 1; write y 1 ----------------------------------|
      B      |-- read x 1 --|  |-- read y nil --|
    `)
    expect(checkLinearizable(registerModel(), torn)).toMatchObject({ verdict: 'failed', groups: 1, unordered: [{ keys: ['x', 'y'] }] })
    const whole = onRegisters(`
      A  |-- write x 1; write y 1 ----------------------------------|
      B      |-- read x 1; read y 1 --|  |-- read y 1 --|
    `)
    expect(checkLinearizable(registerModel(), whole).verdict).toBe('passed')
  })

  it('only keys that a batch joins are searched together', () => {
    const history = onRegisters(`
      A  |-- write a 1; write b 1 --|  |-- write b 2; write c 2 --|
      B  |-- write d 1 --|  |-- read e nil --|
    `)
    expect(checkLinearizable(registerModel(), history)).toMatchObject({ verdict: 'passed', groups: 3 })
  })
})

describe('linearizability by search, its bounds', () => {
  it('out of steps is unknown, never passed', () => {
    const random = new Prng(1)
    const writes = Array.from({ length: 40 }, (_, number) => write('x', number, span(number, random.below(5), 100)))
    const history = [...writes, read('x', 'nobody wrote this', span(99, 200, 201))]
    const result = checkLinearizable(registerModel(), history, { stepsMax: 10_000 })
    expect(result).toMatchObject({ verdict: 'unknown', stepsTaken: 10_000, unordered: [{ keys: ['x'], verdict: 'unknown', stuck: null }] })
  })

  it('an endless search on one key leaves steps for the others, and a failure stands', () => {
    const endless = Array.from({ length: 40 }, (_, number) => write('x', number, span(number, 0, 100)))
    const history = [...endless, read('x', 'nobody wrote this', span(99, 200, 201)), read('y', 1, span(98, 200, 201))]
    const result = checkLinearizable(registerModel(), history, { stepsMax: 10_000 })
    expect(result).toMatchObject({
      verdict: 'failed',
      unordered: [
        { keys: ['x'], verdict: 'unknown' },
        { keys: ['y'], verdict: 'failed' },
      ],
    })
  })

  it('a memory that holds nothing costs steps and no verdict', () => {
    const random = new Prng(3)
    for (let round = 0; round < 200; round++) {
      const history = randomRegisterHistory(random, 7)
      const whole = checkLinearizable(registerModel(), history)
      const forgetful = checkLinearizable(registerModel(), history, { memoryWordsMax: 64 })
      expect(forgetful.verdict).toBe(whole.verdict)
      expect(forgetful.stepsTaken).toBeGreaterThanOrEqual(whole.stepsTaken)
    }
  })

  it('a long history of one key needs no stack and about one step a call', () => {
    const history: Single<RegisterAction>[] = []
    for (let number = 0; number < 20_000; number++) {
      const start = number * 10
      history.push(write('x', number, span(1, start, start + 15)), read('x', number, span(2, start + 12, start + 18)))
    }
    const result = checkLinearizable(registerModel(), history)
    expect(result.verdict).toBe('passed')
    expect(result.stepsTaken).toBeLessThan(4 * history.length)
  })

  it('a call that only reads is never tried another way', () => {
    const reads = Array.from({ length: 30 }, (_, number) => read('x', 1, span(number, 10, 20)))
    const history = [write('x', 1, span(50, 0, 5)), ...reads, read('x', 2, span(51, 30, 40))]
    const result = checkLinearizable(registerModel(), history)
    expect(result.verdict).toBe('failed')
    expect(result.stepsTaken).toBeLessThan(2 * history.length)
  })

  it('hundreds of calls of unknown outcome that never showed do not slow it down', () => {
    const history: Single<RegisterAction>[] = []
    for (let number = 0; number < 2000; number++) {
      const start = number * 10
      history.push(write('x', number, span(1, start, start + 5)), read('x', number, span(2, start + 6, start + 8)))
      if (number % 8 === 0) history.push(write('x', `unknown ${number}`, span(100 + number, start)))
    }
    const result = checkLinearizable(registerModel(), history)
    expect(result.verdict).toBe('passed')
    expect(result.stepsTaken).toBeLessThan(2 * history.length)
  })
})

describe('linearizability by search, against all permutations', () => {
  it('agrees on 4,000 random histories of a register with compare-and-set', () => {
    const random = new Prng(11)
    expectAgreement(registerModel(), 4000, () => randomRegisterHistory(random, 2 + random.below(6)))
  })

  it('agrees on 3,000 random histories of a counter', () => {
    const random = new Prng(12)
    expectAgreement(counterModel(), 3000, () => randomCounterHistory(random))
  })

  it('agrees on 3,000 random histories of a list', () => {
    const random = new Prng(13)
    expectAgreement(listModel(), 3000, () => randomListHistory(random))
  })

  it('the order that the longest read tells changes no verdict and saves steps', () => {
    const random = new Prng(16)
    let [bare, told] = [0, 0]
    for (let round = 0; round < 2000; round++) {
      const history = randomListHistory(random)
      const slow = checkLinearizable(listModel(), history)
      const fast = checkLinearizable(listModel(history), history)
      expect(fast.verdict, JSON.stringify(history)).toBe(slow.verdict)
      bare += slow.stepsTaken
      told += fast.stepsTaken
    }
    expect(told).toBeLessThan(bare)
  })

  it('agrees on 3,000 random histories with batches over three keys', () => {
    const random = new Prng(14)
    expectAgreement(registerModel(0), 3000, () => randomBatchHistory(random))
  })

  it('agrees with the zones on histories too large for permutations', () => {
    const random = new Prng(15)
    const verdicts = { passed: 0, failed: 0, unknown: 0 }
    for (let round = 0; round < 200; round++) {
      const history = plainRegisterHistory(random, 40)
      const { verdict } = checkRegisters(history)
      expect(checkLinearizable(registerModel(), history).verdict).toBe(verdict)
      verdicts[verdict] += 1
    }
    expect(verdicts.passed).toBeGreaterThan(50)
    expect(verdicts.failed).toBeGreaterThan(50)
  })
})

function expectAgreement<State, A extends { readonly key: string }>(
  model: SequentialModel<State, A>,
  rounds: number,
  draw: () => readonly (Single<A> | Batch<A>)[],
): void {
  const verdicts = { passed: 0, failed: 0 }
  for (let round = 0; round < rounds; round++) {
    const history = draw()
    const expected = isLinearizable(model, history) ? 'passed' : 'failed'
    expect(checkLinearizable(model, history).verdict, JSON.stringify(history)).toBe(expected)
    verdicts[expected] += 1
  }
  expect(verdicts.passed).toBeGreaterThan(rounds / 6)
  expect(verdicts.failed).toBeGreaterThan(rounds / 6)
}

function plainRegisterHistory(random: Prng, calls: number) {
  let value: Scalar = null
  const history = performAll(
    random,
    randomSpans(random, { calls, processes: 4, lengthMax: 6 }),
    (when, number) => {
      if (random.below(2) === 0) return read('x', value, when)
      value = number
      return write('x', number, when)
    },
    (when, number) => write('x', number, when),
  )
  if (random.below(2) === 0) return history
  const written = history.flatMap((call) => (call.kind === 'write' ? [call.value] : []))
  return bend(
    random,
    history,
    ({ kind }) => kind === 'read',
    (call) => ({ ...call, value: oneOf(random, [null, ...written]) }),
  )
}

function randomRegisterHistory(random: Prng, calls: number): Single<RegisterAction>[] {
  const register = registerModel()
  let state = register.initial
  const perform = (when: Span, isPerformed: boolean): Single<RegisterAction> => {
    const isKnown = when.end !== UNKNOWN_END
    const [value, expected] = [random.below(3), random.below(3)]
    const drawnKind = random.below(3)
    if (drawnKind === 0 && isKnown) return read('x', state, when)
    if (drawnKind === 1) {
      if (isPerformed) state = value
      return write('x', value, when)
    }
    const swaps = isPerformed && state === expected
    if (swaps) state = value
    return compareAndSet('x', expected, value, isKnown ? swaps : null, when)
  }
  const history = performAll(
    random,
    randomSpans(random, { calls, processes: 3, lengthMax: 5 }),
    (when) => perform(when, true),
    (when) => perform(when, false),
  )
  if (random.below(4) === 0) return history
  return bend(
    random,
    history,
    (call) => call.kind === 'read' || (call.kind === 'cas' && call.swapped !== null),
    (call) => (call.kind === 'cas' ? { ...call, swapped: call.swapped !== true } : { ...call, value: random.below(3) }),
  )
}

function randomCounterHistory(random: Prng): Single<CounterAction>[] {
  let sum = 0
  const add = (when: Span, isPerformed: boolean): Single<CounterAction> => {
    const by = 1 + random.below(3)
    if (isPerformed) sum += by
    return increment('n', by, when.end === UNKNOWN_END || random.below(2) === 0 ? null : sum, when)
  }
  const history = performAll(
    random,
    randomSpans(random, { calls: 2 + random.below(6), processes: 3, lengthMax: 5 }),
    (when) => (when.end !== UNKNOWN_END && random.below(2) === 0 ? read('n', sum, when) : add(when, true)),
    (when) => add(when, false),
  )
  if (random.below(3) === 0) return history
  const shifted = (value: Scalar): number => Number(value) + 1 - random.below(3)
  return bend(
    random,
    history,
    ({ value }) => value !== null,
    (call) => (call.kind === 'read' ? { ...call, value: shifted(call.value) } : { ...call, value: shifted(call.value) }),
  )
}

function randomListHistory(random: Prng): Single<ListAction>[] {
  const list: Scalar[] = []
  const add = (when: Span, number: number, isPerformed: boolean): Single<ListAction> => {
    if (isPerformed) list.push(number)
    return append('l', number, when)
  }
  const history = performAll(
    random,
    randomSpans(random, { calls: 2 + random.below(6), processes: 3, lengthMax: 5 }),
    (when, number) => (when.end !== UNKNOWN_END && random.below(2) === 0 ? readList('l', [...list], when) : add(when, number, true)),
    (when, number) => add(when, number, false),
  )
  if (random.below(3) === 0) return history
  return bend(
    random,
    history,
    (call) => call.kind === 'read-list' && call.values.length > 0,
    (call) =>
      call.kind === 'read-list' ? { ...call, values: random.below(2) === 0 ? call.values.slice(0, -1) : [...call.values].reverse() } : call,
  )
}

function randomBatchHistory(random: Prng): (Single<RegisterAction> | Batch<RegisterAction>)[] {
  const state = new Map<string, Scalar>()
  const draw = (when: Span, isPerformed: boolean): Single<RegisterAction> | Batch<RegisterAction> => {
    const actions = Array.from({ length: 1 + random.below(2) }, (): RegisterAction => {
      const key = oneOf(random, ['a', 'b', 'c'])
      if (isPerformed && when.end !== UNKNOWN_END && random.below(2) === 0) return { kind: 'read', key, value: state.get(key) ?? 0 }
      const value = 1 + random.below(3)
      if (isPerformed) state.set(key, value)
      return { kind: 'write', key, value }
    })
    const [only] = actions
    return actions.length === 1 && only !== undefined ? { ...only, ...when } : batch(actions, when)
  }
  const history = performAll(
    random,
    randomSpans(random, { calls: 2 + random.below(6), processes: 3, lengthMax: 5 }),
    (when) => draw(when, true),
    (when) => draw(when, false),
  )
  if (random.below(4) === 0) return history
  const bendAction = (action: RegisterAction): RegisterAction => (action.kind === 'read' ? { ...action, value: random.below(4) } : action)
  return bend(
    random,
    history,
    (call) => (call.kind === 'batch' ? call.actions.some(({ kind }) => kind === 'read') : call.kind === 'read'),
    (call) => (call.kind === 'batch' ? { ...call, actions: call.actions.map(bendAction) } : { ...call, ...bendAction(call) }),
  )
}

/** A first-in first-out queue: what a user writes for a data type of their own. */
interface QueueAction {
  readonly kind: string
  readonly key: string
  readonly item: string
}

const QUEUE: SequentialModel<string, QueueAction> = {
  initial: '',
  step: (items, { kind, item }) => {
    if (kind === 'enqueue') return items + item
    return items.startsWith(item) ? items.slice(item.length) : IMPOSSIBLE
  },
  onlyReads: () => false,
  equal: (left, right) => left === right,
  hash: (items) => items.length,
}
