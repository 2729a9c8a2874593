/** The invariants of a run, in the order in which they are asked: causes before consequences. */

import type { Invariant } from '../invariant.ts'
import type { RunMode } from '../mode.ts'
import type { Oracle } from '../oracle.ts'
import { ackDurable } from './ack-durable.ts'
import { batchAtomic } from './batch-atomic.ts'
import { bounded } from './bounded.ts'
import { causalApply } from './causal-apply.ts'
import { conditionsHold } from './conditions-hold.ts'
import { conflictsKept } from './conflicts-kept.ts'
import { conflictsTold } from './conflicts-told.ts'
import { corruptNeverServed } from './corrupt-never-served.ts'
import { doneAsAsked } from './done-as-asked.ts'
import { dotUnique } from './dot-unique.ts'
import { hlcBounded } from './hlc-bounded.ts'
import { hlcMonotonic } from './hlc-monotonic.ts'
import { mergeAci } from './merge-aci.ts'
import { noIdentityReuse } from './no-identity-reuse.ts'
import { noLostAck } from './no-lost-ack.ts'
import { noResurrection } from './no-resurrection.ts'
import { noThinAir } from './no-thin-air.ts'
import { outcomeTrue } from './outcome-true.ts'
import { readsMatchModel } from './reads-match-model.ts'
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
