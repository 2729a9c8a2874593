/** Workloads of users that are not what they should be: the run ends, and says so in their words. */

import { describe, expect, it } from 'vitest'
import { SkeinError } from '../../base/index.ts'
import { getRequest, type RunResult, setOperation, simulate, textValue, transactionRequest, type Workload } from '../../sim/index.ts'

const WRITE = transactionRequest([setOperation('k', textValue('v'))])
const CALL = { request: WRITE, node: 'any', onUnknown: 'go-on' }

/** A run whose clients get what `next` gives, as a module of a user may without types. */
function runOf(running: object): RunResult {
  const whole = { next: () => CALL, ended: () => {}, invariants: [], ...running }
  const workload = { name: 'mine', description: '', start: () => whole } as unknown as Workload
  return simulate({
    seed: 3,
    nodes: 2,
    durationMs: 1000,
    callsPerSecond: 20,
    workload,
    faults: [],
    plan: [],
    weather: null,
    callsMax: null,
    keepTrace: false,
    onProgress: null,
  })
}

describe('a call that nobody could make', () => {
  const calls: readonly (readonly [what: string, call: unknown, problem: string])[] = [
    ['no call at all', undefined, 'it is missing, not an object'],
    ['no request', { node: 'any', onUnknown: 'go-on' }, 'request is missing, not an object'],
    ['a mistyped field', { ...CALL, onunknown: 'go-on' }, 'onunknown is none of request, node, onUnknown'],
    ['a node that is not there', { ...CALL, node: 2 }, 'node is 2, not a whole number from 0 to 1'],
    ['a node by its name', { ...CALL, node: 'n1' }, 'node is "n1", not "same", "any" or the position of a node'],
    ['no way on', { ...CALL, onUnknown: 'retry' }, 'onUnknown is "retry", not one of retry-same, retry-any, go-on'],
    ['a kind that is none', { ...CALL, request: { kind: 'put' } }, 'request.kind is "put", not one of get, scan'],
    [
      'no time-out',
      { ...CALL, request: { ...WRITE, timeoutMs: undefined } },
      'request.timeoutMs is missing, not a number from 1 to 3600000',
    ],
    ['an endless time-out', { ...CALL, request: { ...getRequest('k'), timeoutMs: Number.NaN } }, 'request.timeoutMs is NaN'],
    [
      'a key that is no bytes',
      { ...CALL, request: { ...getRequest('k'), key: '€' } },
      'request.key is "€", not a string with a character for each',
    ],
    [
      'a number for a value',
      { ...CALL, request: { ...WRITE, operations: [{ kind: 'set', key: 'k', value: 7, ttlMs: null }] } },
      'request.operations[0].value is 7, not an object',
    ],
    [
      'a session that is text',
      { ...CALL, request: { ...WRITE, session: 'abc' } },
      'request.session is "abc", not null or the session of an answer',
    ],
  ]

  it.each(calls)('[SIM] %s ends the run, and is named', (_what, call, problem) => {
    const { violations } = runOf({ next: () => call })
    expect(violations).toMatchObject([{ invariant: 'WorkloadWorks' }])
    expect(violations[0]?.message).toMatch(/^the workload mine hands out a call that can't be made, from next\(\d+\): /)
    expect(violations[0]?.message).toContain(problem)
  })
})

describe('a workload that throws', () => {
  const fail = (): never => {
    throw new TypeError('a mistake of mine')
  }

  it.each([
    ['next', 'the workload mine throws in next(0): a mistake of mine'],
    ['ended', 'the workload mine throws in ended(0, …): a mistake of mine'],
  ])('[SIM] in %s ends the run, with its stack', (method, message) => {
    const { violations } = runOf({ [method]: (client: number) => (client === 0 ? fail() : method === 'next' ? CALL : undefined) })
    expect(violations).toMatchObject([{ invariant: 'WorkloadWorks', message }])
    expect(violations[0]?.stack).toMatch(/TypeError: a mistake of mine\n.*guarded-workload\.test\.ts/)
  })

  it('[SIM] in an invariant is a crash that names it', () => {
    const invariant = { name: 'Mine', observe: () => null, finish: fail }
    const { violations } = runOf({ invariants: [invariant] })
    expect(violations).toMatchObject([{ invariant: 'NoCrash', message: 'the invariant Mine throws: a mistake of mine' }])
    expect(violations[0]?.stack).toContain('guarded-workload.test.ts')
  })

  it('[SIM] when it starts never runs', () => {
    const workload = { name: 'mine', description: '', start: fail } as Workload
    const start = (): unknown =>
      simulate({
        seed: 3,
        nodes: 1,
        durationMs: 1,
        callsPerSecond: 1,
        workload,
        faults: [],
        plan: [],
        weather: null,
        callsMax: null,
        keepTrace: false,
        onProgress: null,
      })
    expect(start).toThrow(SkeinError)
    expect(start).toThrow(/the workload mine throws when it starts: TypeError: a mistake of mine\n/)
  })
})

describe('a workload that starts as something else', () => {
  it.each([
    ['without a method', { next: undefined }, 'next is missing, not a function'],
    ['with an invariant that never finishes', { invariants: [{ name: 'x', observe: () => null }] }, 'invariants[0].finish is missing'],
  ])('[SIM] %s is refused', (_what, running, problem) => {
    expect(() => runOf(running)).toThrow(problem)
  })
})
