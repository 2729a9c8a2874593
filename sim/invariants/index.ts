/** The invariants of a run, in the order in which they are asked: causes before consequences. */

import type { Invariant } from '../invariant.ts'
import type { RunMode } from '../mode.ts'
import type { Oracle } from '../oracle.ts'
import { ackDurable } from './ack-durable.ts'
import { applyCommitted } from './apply-committed.ts'
import { batchAtomic } from './batch-atomic.ts'
import { bounded } from './bounded.ts'
import { causalApply } from './causal-apply.ts'
import { chainPrefix } from './chain-prefix.ts'
import { commitHeld } from './commit-held.ts'
import { committedKept } from './committed-kept.ts'
import { conditionsHold } from './conditions-hold.ts'
import { conflictsKept } from './conflicts-kept.ts'
import { conflictsTold } from './conflicts-told.ts'
import { corruptNeverServed } from './corrupt-never-served.ts'
import { deadlinesTold } from './deadlines-told.ts'
import { doneAsAsked } from './done-as-asked.ts'
import { dotUnique } from './dot-unique.ts'
import { electionSafety } from './election-safety.ts'
import { endKept } from './end-kept.ts'
import { headerAdopts } from './header-adopts.ts'
import { hlcBounded } from './hlc-bounded.ts'
import { hlcMonotonic } from './hlc-monotonic.ts'
import { mergeAci } from './merge-aci.ts'
import { noIdentityReuse } from './no-identity-reuse.ts'
import { noLostAck } from './no-lost-ack.ts'
import { noResurrection } from './no-resurrection.ts'
import { noThinAir } from './no-thin-air.ts'
import { oneChange } from './one-change.ts'
import { outcomeTrue } from './outcome-true.ts'
import { promiseKept } from './promise-kept.ts'
import { readIndexSafe } from './read-index-safe.ts'
import { readsMatchModel } from './reads-match-model.ts'
import { removedRefused } from './removed-refused.ts'
import { reportFrozen } from './report-frozen.ts'
import { restartIdempotent } from './restart-idempotent.ts'
import { retryOnce } from './retry-once.ts'
import { roomRespected } from './room-respected.ts'
import { sessionGuarantees } from './session-guarantees.ts'
import { skewHeld } from './skew-held.ts'
import { stateConvergence } from './state-convergence.ts'
import { statusTrue } from './status-true.ts'
import { zeroFork } from './zero-fork.ts'

/** Those of a run of this mode. */
export function invariantsOf(mode: RunMode, oracle: Oracle): Invariant[] {
  const isLed = mode !== 'multi'
  return [
    ...(isLed ? leaderInvariants(oracle) : []),
    noIdentityReuse(oracle),
    dotUnique(oracle),
    zeroFork(),
    noThinAir(oracle),
    ackDurable(oracle),
    causalApply(oracle),
    hlcMonotonic(oracle),
    hlcBounded(oracle),
    skewHeld(oracle),
    retryOnce(oracle),
    batchAtomic(oracle),
    doneAsAsked(oracle),
    outcomeTrue(oracle),
    noResurrection(oracle),
    mergeAci(oracle),
    conflictsKept(oracle),
    restartIdempotent(oracle, isLed),
    stateConvergence(oracle),
    corruptNeverServed(oracle),
    sessionGuarantees(oracle),
    conditionsHold(oracle),
    readsMatchModel(oracle),
    roomRespected(oracle),
    conflictsTold(oracle),
    statusTrue(oracle),
    bounded(oracle),
    noLostAck(oracle),
  ]
}

/** Those of the chain of leaders' logs. */
function leaderInvariants(oracle: Oracle): Invariant[] {
  return [
    electionSafety(oracle),
    promiseKept(oracle),
    headerAdopts(oracle),
    commitHeld(oracle),
    chainPrefix(oracle),
    applyCommitted(oracle),
    endKept(oracle),
    deadlinesTold(),
    oneChange(oracle),
    removedRefused(oracle),
    reportFrozen(oracle),
    readIndexSafe(oracle),
    committedKept(oracle),
  ]
}
