/** All planted bugs, in the order of the table that `npm run sim:mutants` prints. */

import { LEADER_MUTANTS } from './leader-mutants.ts'
import type { Mutant } from './mutant.ts'
import { PROTOCOL_MUTANTS } from './protocol-mutants.ts'
import { STORAGE_MUTANTS } from './storage-mutants.ts'

export const MUTANTS: readonly Mutant[] = [...PROTOCOL_MUTANTS, ...STORAGE_MUTANTS, ...LEADER_MUTANTS]
