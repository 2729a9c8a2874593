import { describe, expect, it } from 'vitest'
import { type DirectoryId, keyFromText, Prng, parseNodeName, SkeinError } from '../../base/index.ts'
import {
  DEFAULT_GROUP,
  Interpreter,
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
  follow: () => {},
  read: () => {},
  sync: () => {},
  close: (done) => done(),
}

describe('interpreter', () => {
  it('[JR4] after a failed durable write nothing is confirmed, everybody is told, and the failure is reported once', async () => {
    const failures: SkeinError[] = []
    const config = {
      group: DEFAULT_GROUP,
      node: parseNodeName('n1'),
      directory: 'ab'.repeat(16) as DirectoryId,
      members: [parseNodeName('n1')],
      maxClockDriftMs: 60_000,
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
      onFatal: (failure) => failures.push(failure),
    })
    interpreter.input({ kind: 'start', logs: [], facts: null })
    const ask = (): Promise<Reply> => new Promise((resolve) => interpreter.request(SET, resolve))
    const unknown = { kind: 'failed', error: { code: 'UNAVAILABLE', details: { applied: 'unknown' } } }
    expect(await Promise.all([ask(), ask()])).toMatchObject([unknown, unknown])
    expect(await ask()).toMatchObject({ kind: 'failed', error: { code: 'UNAVAILABLE', details: undefined } })
    expect(failures).toEqual([interpreter.failure])
    expect(interpreter.failure?.message).toBe('the disk is gone')
  })
})
