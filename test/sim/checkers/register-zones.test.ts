import { describe, expect, it } from 'vitest'
import { Prng } from '../../../base/index.ts'
import { checkRegisters, type RegisterOperation, read, registerModel, type Scalar, span, write } from '../../../sim/checkers/index.ts'
import { isLinearizable } from './brute-force.ts'
import { drawn } from './drawn-history.ts'
import { bend, oneOf, performAll, randomSpans } from './random-history.ts'

function registers(picture: string): RegisterOperation[] {
  return drawn(picture).filter((operation): operation is RegisterOperation => operation.kind === 'read' || operation.kind === 'write')
}

describe('register zones (Gibbons–Korach)', () => {
  it('a read may return any write that it overlaps', () => {
    const history = registers(`
      A  |-- write x 1 --|    |-- write x 2 --------|
      B                          |-- read x 2 --|
      C                             |-- read x 2 --|
    `)
    expect(checkRegisters(history)).toEqual({ verdict: 'passed', violations: [], keys: 1 })
  })

  it('two reads that see two overlapping writes in turn order them', () => {
    const history = registers(`
      A  |-- write x 1 ------------------------------------|
      B  |-- write x 2 ------------------------------------|
      C    |-- read x 1 --|  |-- read x 2 --|
    `)
    expect(checkRegisters(history).verdict).toBe('passed')
  })

  it('a value that returns after another one was read has overlapping zones', () => {
    const history = registers(`
      A  |-- write x 1 ------------------------------------------------|
      B  |-- write x 2 ------------------------------------------------|
      C    |-- read x 1 --|  |-- read x 2 --|  |-- read x 1 --|
      D                                                           |-- read x 2 --|
    `)
    const result = checkRegisters(history)
    expect(result.verdict).toBe('failed')
    expect(result.violations).toMatchObject([
      {
        kind: 'overlapping-zones',
        key: 'x',
        zones: [
          { value: 1, direction: 'forward' },
          { value: 2, direction: 'forward' },
        ],
      },
    ])
  })

  it('a stale read is a zone inside another: the bounds are the calls that show it', () => {
    const [one, two, seen, stale] = registers(`
      A  |-- write x 1 --|
      B                    |-- write x 2 --|
      C                                      |-- read x 2 --|
      D                                                        |-- read x 1 --|
    `)
    const result = checkRegisters([one, two, seen, stale].filter((operation) => operation !== undefined))
    expect(result.violations).toMatchObject([{ kind: 'overlapping-zones', zones: [{ bounds: [one, stale] }, { bounds: [two, seen] }] }])
  })

  it('a write that lies wholly inside the time of another value is an enclosed zone', () => {
    const history = registers(`
      A  |-- write x 1 --|                                   |-- read x 1 --|
      B                     |-- write x 2 ----|
      C                       |-- read x 2 -----|
    `)
    expect(checkRegisters(history).violations).toMatchObject([
      {
        kind: 'enclosed-zone',
        zones: [
          { value: 1, direction: 'forward' },
          { value: 2, direction: 'backward' },
        ],
      },
    ])
  })

  it('a value that nobody wrote is out of thin air', () => {
    expect(checkRegisters([read('x', 7, span(1, 0, 1))]).violations).toMatchObject([{ kind: 'thin-air', key: 'x', read: { value: 7 } }])
  })

  it('a read that ends before its write starts is from the future', () => {
    const history = [read('x', 1, span(1, 0, 1)), write('x', 1, span(2, 2, 3))]
    expect(checkRegisters(history).violations).toMatchObject([{ kind: 'read-from-the-future' }])
  })

  it('the initial value is read before anything is written and never after', () => {
    const written = write('x', 1, span(1, 10, 20))
    expect(checkRegisters([read('x', null, span(2, 0, 30)), written]).verdict).toBe('passed')
    expect(checkRegisters([read('x', null, span(2, 21, 30)), written]).verdict).toBe('failed')
    expect(checkRegisters([read('x', 0, span(2, 0, 9)), written], 0).verdict).toBe('passed')
  })

  it('calls that touch at an instant are concurrent', () => {
    expect(checkRegisters([write('x', 1, span(1, 0, 10)), read('x', null, span(2, 10, 20))]).verdict).toBe('passed')
    expect(checkRegisters([write('x', 1, span(1, 0, 10)), read('x', null, span(2, 11, 20))]).verdict).toBe('failed')
  })

  it('a write of unknown outcome may take effect late, or never', () => {
    const history = registers(`
      A  |-- write x 1 -->
      B  |-- write x 2 --|  |-- read x 2 --|   |-- read x 1 --|
      C  |-- write x 3 -->
    `)
    expect(checkRegisters(history).verdict).toBe('passed')
    const takenBack = registers(`
      A  |-- write x 1 -->
      B  |-- write x 2 --|  |-- read x 1 --|   |-- read x 2 --|   |-- read x 1 --|
    `)
    expect(checkRegisters(takenBack).verdict).toBe('failed')
  })

  it('each key is judged by itself', () => {
    const history = [
      write('x', 1, span(1, 0, 1)),
      write('y', 1, span(1, 2, 3)),
      read('y', null, span(2, 4, 5)),
      read('x', 1, span(2, 6, 7)),
    ]
    expect(checkRegisters(history)).toMatchObject({ verdict: 'failed', keys: 2, violations: [{ key: 'y' }] })
  })

  it('a history that writes a value twice is refused, since zones can not tell the writes apart', () => {
    expect(() => checkRegisters([write('x', 1, span(1, 0, 1)), write('x', 1, span(1, 2, 3))])).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }),
    )
    expect(() => checkRegisters([write('x', null, span(1, 0, 1))])).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })

  it('agrees with all permutations on 6,000 random histories, good and bad', () => {
    const random = new Prng(1)
    const verdicts = { passed: 0, failed: 0 }
    for (let round = 0; round < 6000; round++) {
      const history = randomRegisterHistory(random)
      const expected = isLinearizable(registerModel(), history) ? 'passed' : 'failed'
      expect(checkRegisters(history).verdict, JSON.stringify(history)).toBe(expected)
      verdicts[expected] += 1
    }
    expect(verdicts.passed).toBeGreaterThan(1500)
    expect(verdicts.failed).toBeGreaterThan(1500)
  })

  it('never fails what a real register did', () => {
    const random = new Prng(2)
    for (let round = 0; round < 300; round++) {
      const history = realRegisterHistory(random, 60, 5)
      expect(checkRegisters(history).verdict, JSON.stringify(history)).toBe('passed')
    }
  })
})

function realRegisterHistory(random: Prng, calls: number, processes: number): RegisterOperation[] {
  const spans = randomSpans(random, { calls, processes, lengthMax: 6 })
  let value: Scalar = null
  return performAll(
    random,
    spans,
    (when, number): RegisterOperation => {
      if (random.below(2) === 0) return read('x', value, when)
      value = number
      return write('x', number, when)
    },
    (when, number) => write('x', number, when),
  )
}

function randomRegisterHistory(random: Prng): RegisterOperation[] {
  const history = realRegisterHistory(random, 2 + random.below(6), 3)
  const values = [null, ...history.flatMap(({ kind, value }) => (kind === 'write' ? [value] : []))]
  return random.below(4) === 0
    ? history
    : bend(
        random,
        history,
        ({ kind }) => kind === 'read',
        (bent) => ({ ...bent, value: oneOf(random, values) }),
      )
}
