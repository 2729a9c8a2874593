/** The story of a failure: what belongs to it, what does not, and how it reads. */

import { describe, expect, it } from 'vitest'
import { type Epoch, isDirectoryId, isWriterId, type Key, type Timestamp, type WriterId } from '../../base/index.ts'
import type { Entry, TransactionRequest } from '../../core/index.ts'
import { Dependencies, type Value, VersionVector } from '../../crdt/index.ts'
import {
  explain,
  type Happening,
  happeningText,
  type RunResult,
  STORY_LINES_MAX,
  type Story,
  traceLine,
  type Violation,
} from '../../sim/index.ts'

const DIRECTORY = '00112233445566778899aabbccddeeff'
const FIRST = writer('n1.0a1b2c3d')
const SECOND = writer('n2.0a1b2c3d')

function writer(text: string): WriterId {
  if (!isWriterId(text)) throw new Error(`${text} is no writer`)
  return text
}

function directory(): Extract<Happening, { kind: 'started' }>['directory'] {
  if (!isDirectoryId(DIRECTORY)) throw new Error('no directory')
  return DIRECTORY
}

const text = (data: string): Value => ({ type: 'text', data })

function entry(id: WriterId, sequence: number, key: string, data: string): Entry {
  const dependencies = Dependencies.none()
  const epoch = 1 as Epoch
  const version = { dot: { writer: id, sequence }, epoch, timestamp: 1 as Timestamp, value: text(data), deadlineMs: null, dependencies }
  const changes = [{ key: key as Key, version }]
  return { writer: id, epoch, dependencies, transactions: [{ sequence, idempotencyKey: null, changes }], reportWanted: false }
}

function set(key: string, data: string): TransactionRequest {
  return {
    kind: 'transaction',
    operations: [{ kind: 'set', key: key as Key, value: text(data), ttlMs: null }],
    conditions: [],
    concern: 1,
    idempotencyKey: null,
    session: null,
    timeoutMs: 1000,
  }
}

/** A run whose trace is what happened, an event each 10 ms. */
function resultOf(happenings: readonly Happening[], violation: Omit<Violation, 'atMs'>): Pick<RunResult, 'violations' | 'trace'> {
  const trace = happenings.map((happening, number) => ({ number, atMs: number * 10, happening }))
  return { violations: [{ ...violation, atMs: (trace.length - 1) * 10 }], trace }
}

function tell(happenings: readonly Happening[], events: readonly number[]): Story[] {
  const { violations, trace } = resultOf(happenings, { invariant: 'NoLostAck', message: 'as told', events })
  return explain({ violations, trace })
}

function storyOf(happenings: readonly Happening[], events: readonly number[]): string[] {
  const [story] = tell(happenings, events)
  return (story?.lines ?? []).map((line) => `${line.isWitness ? '! ' : ''}${line.text}`)
}

const LOST_WRITE: readonly Happening[] = [
  { kind: 'phase', phase: 'safety' },
  { kind: 'started', node: 0, life: 1, directory: directory() },
  { kind: 'started', node: 1, life: 1, directory: directory() },
  { kind: 'started', node: 2, life: 1, directory: directory() },
  { kind: 'invoked', call: 7, client: 3, node: 0, request: set('colour', 'red') },
  { kind: 'sealed', node: 0, entry: entry(FIRST, 1, 'colour', 'red') },
  { kind: 'sealed', node: 1, entry: entry(SECOND, 1, 'shape', 'round') },
  {
    kind: 'answered',
    call: 7,
    client: 3,
    node: 0,
    reply: { kind: 'committed', version: { writer: FIRST, sequence: 1 }, deleted: 0, session: new VersionVector() },
  },
  { kind: 'applied', node: 0, frontier: new VersionVector([[FIRST, 1]]) },
  { kind: 'fault-began', fault: { kind: 'power', atMs: 80, nodes: [0], downMs: 500 } },
  { kind: 'fault-began', fault: { kind: 'kill', atMs: 80, nodes: [2], downMs: 500, point: null } },
  { kind: 'stopped', node: 0, cause: 'power', failure: null },
  { kind: 'started', node: 0, life: 2, directory: directory() },
  { kind: 'recovered', node: 0 },
]

describe('the story of a failure', () => {
  it('[SIM] tells what befell the nodes, keys and versions that the invariant names', () => {
    expect(storyOf(LOST_WRITE, [7, 13])).toEqual([
      'the run begins',
      'n1 starts, for the first time',
      'client 3 asks n1: set colour red',
      'n1 seals n1.0a1b2c3d:1 (colour = red)',
      '! n1 answers client 3: done, version n1.0a1b2c3d:1',
      'n1 has applied n1.0a1b2c3d:1',
      'power loss at n1, down for 500 ms',
      'n1 loses power',
      'n1 starts, for the second time',
      '! n1 has read all that is on its disk, and serves',
    ])
  })

  it('[SIM] ends where the failure was noticed', () => {
    expect(storyOf(LOST_WRITE, [7]).at(-1)).toBe('! n1 answers client 3: done, version n1.0a1b2c3d:1')
  })

  it('[SIM] keeps to its length, and says how much it leaves out', () => {
    const often = Array.from(
      { length: 100 },
      (): Happening => ({ kind: 'fault-ended', fault: { kind: 'disk-full', atMs: 0, durationMs: 1, node: 0, roomBytes: 0 } }),
    )
    const [story] = tell([...LOST_WRITE.slice(0, 6), ...often, ...LOST_WRITE.slice(6)], [5, 113])
    expect(story?.lines.length).toBe(STORY_LINES_MAX)
    expect(story?.lines.filter((line) => line.isWitness).length).toBe(2)
    expect(story?.omitted).toBeGreaterThan(50)
  })

  it('[SIM] of a hot key it shows the latest other writes alone', () => {
    const often = Array.from(
      { length: 100 },
      (_, index): Happening => ({ kind: 'sealed', node: 1, entry: entry(SECOND, index + 1, 'colour', 'blue') }),
    )
    const [story] = tell([...LOST_WRITE.slice(0, 6), ...often, ...LOST_WRITE.slice(6)], [5, 113])
    const writes = (story?.lines ?? []).filter((line) => line.text.startsWith('n2 seals'))
    expect(writes.length).toBeLessThan(10)
    expect(writes.at(-1)?.text).toContain(':100 (')
    expect(story?.lines[0]?.text).toBe('the run begins')
  })

  it('[SIM] a failure without events has what the faults did to tell', () => {
    const lines = storyOf(LOST_WRITE, [])
    expect(lines).toContain('kill of n3, down for 500 ms')
    expect(lines).toContain('n1 loses power')
  })

  it('[SIM] text of users can play no tricks on a terminal', () => {
    const told = happeningText({ kind: 'sealed', node: 0, entry: entry(FIRST, 1, 'a\u001b[2Jb', 'x\n') })
    expect(told).toBe('n1 seals n1.0a1b2c3d:1 ("a\\x1b[2Jb" = "x\\x0a")')
  })
})

describe('a trace as JSON', () => {
  it('[SIM] is a line for each event, vectors and bytes included', () => {
    const applied: Happening = { kind: 'applied', node: 0, frontier: new VersionVector([[FIRST, 3]]) }
    expect(traceLine({ number: 4, atMs: 1.5, happening: applied })).toBe(
      '{"number":4,"atMs":1.5,"happening":{"kind":"applied","node":0,"frontier":{"n1.0a1b2c3d":3}}}',
    )
    const sent: Happening = { kind: 'sent', id: 1, from: 0, to: 1, content: { kind: 'message', bytes: new Uint8Array([1, 255]) } }
    expect(JSON.parse(traceLine({ number: 5, atMs: 2, happening: sent }))).toMatchObject({ happening: { content: { bytes: '01ff' } } })
  })
})
