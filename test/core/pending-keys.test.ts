import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyFromText } from '../../base/index.ts'
import { PendingKeys } from '../../core/group-commit.ts'
import type { ReadRequest, WriteRequest } from '../../core/index.ts'

const TERMS = { conditions: [], concern: 1, idempotencyKey: null, session: null, timeoutMs: 0 } as const
const NAMES = ['a', 'b', 'c', 'd']

describe('pending keys', () => {
  it('[WR2] are those of the writes that are there, whatever was taken and asked before', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), names: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }) }),
      fc.record({ kind: fc.constant('take' as const), count: fc.nat(4) }),
      fc.record({ kind: fc.constant('ask' as const), name: fc.constantFrom(...NAMES) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const keys = new PendingKeys()
        let model: string[][] = []
        for (const next of steps) {
          if (next.kind === 'add') {
            keys.add(write(next.names))
            model.push(next.names)
          } else if (next.kind === 'take') {
            const taken = keys.take(Math.min(next.count, model.length))
            const expected = model.slice(0, next.count).flat()
            for (const name of NAMES) expect(taken.mayChange(read(name))).toBe(expected.includes(name))
            model = model.slice(next.count)
          } else expect(keys.mayChange(read(next.name))).toBe(model.flat().includes(next.name))
        }
      }),
    )
  })

  it('[WR2] a scan may see any write, and none where there is none', () => {
    const keys = new PendingKeys()
    const scan: ReadRequest = {
      kind: 'scan',
      range: { start: null, end: null, reverse: false },
      limit: 1,
      consistency: 'local',
      session: null,
      timeoutMs: 0,
    }
    expect(keys.mayChange(scan)).toBe(false)
    keys.add(write(['a']))
    expect(keys.mayChange(scan)).toBe(true)
    keys.take(1)
    expect(keys.mayChange(scan)).toBe(false)
  })
})

function write(names: readonly string[]): WriteRequest {
  return { kind: 'transaction', operations: names.map((name) => ({ kind: 'delete', key: keyFromText(name) })), ...TERMS }
}

function read(name: string): ReadRequest {
  return { kind: 'get', key: keyFromText(name), consistency: 'local', session: null, timeoutMs: 0 }
}
