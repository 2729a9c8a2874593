import { describe, expect, it } from 'vitest'
import { type DirectoryId, keyFromText, Prng, parseNodeName, SkeinError } from '../../base/index.ts'
import {
  DEFAULT_GROUP,
  Interpreter,
  type InterpreterParts,
  type Journal,
  type LogStore,
  MemoryStateStore,
  REQUESTS_MAX_DEFAULT,
  Replica,
  type Reply,
  type Request,
} from '../../core/index.ts'
import { systemNow } from '../../server/system-clock.ts'

const SET: Request = {
  kind: 'transaction',
  operations: [{ kind: 'set', key: keyFromText('a'), value: { type: 'text', data: '1' }, ttlMs: null }],
  conditions: [],
  concern: 1,
  idempotencyKey: null,
  session: null,
  timeoutMs: 1000,
}

const BROKEN: Request = {
  kind: 'inspect',
  inspection: {
    keys: [],
    run: () => {
      throw new Error('a bug')
    },
  },
  consistency: 'local',
  session: null,
  timeoutMs: 1000,
}

/** A journal whose first durable write fails, as a real one does when its disk goes away. */
const failingJournal: Journal = {
  append: (_records, done) => setImmediate(() => done(new SkeinError('INTERNAL', 'the disk is gone'))),
  recovered: [],
  hasRoom: true,
  release: () => {},
  close: (done) => done(),
}

const unusedLogs: LogStore = {
  stored: [],
  append: () => expect.unreachable('nothing that is not durable is appended'),
  insert: () => {},
  follow: () => {},
  read: () => {},
  sync: () => {},
  close: (done) => done(),
}

describe('interpreter', () => {
  it('[JR4] after a failed durable write nothing is confirmed, everybody is told, and the failure is reported once', async () => {
    const failures: SkeinError[] = []
    const interpreter = interpret({ onFatal: (failure) => failures.push(failure) })
    const ask = (): Promise<Reply> => new Promise((resolve) => interpreter.request(SET, resolve))
    const unknown = { kind: 'failed', error: { code: 'UNAVAILABLE', details: { applied: 'unknown' } } }
    expect(await Promise.all([ask(), ask()])).toMatchObject([unknown, unknown])
    expect(await ask()).toMatchObject({ kind: 'failed', error: { code: 'UNAVAILABLE', details: undefined } })
    expect(failures).toEqual([interpreter.failure])
    expect(interpreter.failure?.message).toBe('the disk is gone')
  })
  it('a bug ends the process even if whoever handed over the input catches it', () => {
    const deferred: (() => void)[] = []
    const interpreter = interpret({ defer: (action) => deferred.push(action) })
    const replies: Reply[] = []
    expect(() => interpreter.request(BROKEN, (reply) => replies.push(reply))).toThrow('a bug')
    interpreter.request(SET, (reply) => replies.push(reply))
    expect(deferred[0]).toThrow('a bug')
    deferred[1]?.()
    expect(replies).toMatchObject([{ kind: 'failed', error: { code: 'UNAVAILABLE' } }])
  })
})

function interpret(parts: Partial<Pick<InterpreterParts, 'defer' | 'onFatal'>>): Interpreter {
  const config = {
    group: DEFAULT_GROUP,
    node: parseNodeName('n1'),
    directory: 'ab'.repeat(16) as DirectoryId,
    members: [parseNodeName('n1')],
    maxClockDriftMs: 60_000,
    joins: false,
    mode: 'multi' as const,
    url: null,
    dropRateMillionths: 0,
    requestsMax: REQUESTS_MAX_DEFAULT,
  }
  const interpreter = new Interpreter({
    group: DEFAULT_GROUP,
    replica: new Replica(config, new MemoryStateStore(), new Prng(1)),
    journal: failingJournal,
    logs: unusedLogs,
    now: systemNow,
    defer: (action) => setImmediate(action),
    onFatal: () => expect.unreachable('the journal is not used'),
    ...parts,
  })
  interpreter.input({ kind: 'start', logs: [], facts: null })
  return interpreter
}
