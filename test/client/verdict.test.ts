import { describe, expect, it } from 'vitest'
import { type ErrorCode, SkeinError } from '../../base/index.ts'
import { type Failure, mayRepeat, provesNothingApplied } from '../../client/verdict.ts'

function refused(code: ErrorCode, applied?: boolean | 'unknown'): Failure {
  return { kind: 'refused', error: new SkeinError(code, 'for this test', applied === undefined ? {} : { details: { applied } }) }
}

/** A linearizable read where nobody leads. */
const LEADERLESS: Failure = { kind: 'refused', error: new SkeinError('NO_QUORUM', 'for this test', { details: { mode: 'multi' } }) }
const UNREACHABLE: Failure = { kind: 'unreachable', reason: 'connection refused' }
const LOST: Failure = { kind: 'lost', reason: 'the connection ended' }
const TIMED_OUT: Failure = { kind: 'timed-out', afterMs: 100 }
const FOREIGN: Failure = { kind: 'foreign', status: 502, reason: 'a page' }
const OVERSIZED: Failure = { kind: 'oversized', limitBytes: 10 }

describe('what may be repeated', () => {
  it.each<[name: string, failure: Failure, read: boolean, repeatable: boolean, once: boolean, provesNothing: boolean]>([
    // What happened, as a failure; may it be repeated if it is a read, repeatable, once; does it prove that nothing was applied.
    ['no connection', UNREACHABLE, true, true, true, true],
    ['the answer lost', LOST, true, true, false, false],
    ['no answer in time', TIMED_OUT, true, true, false, false],
    ["a proxy's page", FOREIGN, true, true, false, false],
    ['too large an answer', OVERSIZED, false, false, false, false],
    ['UNAVAILABLE', refused('UNAVAILABLE'), true, true, true, true],
    ['UNAVAILABLE, not applied', refused('UNAVAILABLE', false), true, true, true, true],
    ['UNAVAILABLE, applied', refused('UNAVAILABLE', true), false, false, false, false],
    ['UNAVAILABLE, unknown', refused('UNAVAILABLE', 'unknown'), true, true, false, false],
    ['NOT_LEADER', refused('NOT_LEADER'), true, true, true, true],
    ['NO_QUORUM', refused('NO_QUORUM'), true, true, false, false],
    ['NO_QUORUM, not applied', refused('NO_QUORUM', false), true, true, true, true],
    ['NO_QUORUM for ever', LEADERLESS, false, false, false, false],
    ['STALE', refused('STALE'), true, true, true, true],
    ['CLOCK_SKEW', refused('CLOCK_SKEW'), true, true, true, true],
    ['RATE_LIMITED', refused('RATE_LIMITED'), true, true, true, true],
    ['DISK_FULL', refused('DISK_FULL'), true, true, true, true],
    ['TIMEOUT', refused('TIMEOUT'), true, true, false, false],
    ['INTERNAL', refused('INTERNAL'), false, false, false, false],
    ['CONFLICT', refused('CONFLICT'), false, false, false, true],
    ['BAD_REQUEST', refused('BAD_REQUEST'), false, false, false, true],
    ['TOO_LARGE', refused('TOO_LARGE'), false, false, false, true],
    ['UNAUTHORIZED', refused('UNAUTHORIZED'), false, false, false, true],
  ])('[WR4] %s', (_name, failure, read, repeatable, once, provesNothing) => {
    expect([mayRepeat(failure, 'read'), mayRepeat(failure, 'repeatable'), mayRepeat(failure, 'once')]).toEqual([read, repeatable, once])
    expect(provesNothingApplied(failure)).toBe(provesNothing)
  })
})
