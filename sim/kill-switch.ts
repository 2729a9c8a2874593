/**
 * Where a process can die in its work. The twins of the ports ask before and after they carry out
 * an effect, the observed replica before and after it seals and applies, and they stop at once if
 * the answer is that the process is no more: what comes behind in the same step then never happens,
 * as if the machine had stopped between two instructions.
 */

import type { KillPoint } from './fault.ts'

/** True if the process is dead: it dies here, or did before. */
export type KillSwitch = (when: KillPoint['when'], what: KillPoint['what']) => boolean

/** For ports outside a cluster: nobody dies. */
export const neverKilled: KillSwitch = () => false
