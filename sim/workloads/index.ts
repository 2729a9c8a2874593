/** The workloads that come with the simulator, by name. */

import { KIB, MIB, VALUE_BYTES_MAX } from '../../base/index.ts'
import type { Workload, WorkloadContext } from '../workload.ts'
import { BankWorkload } from './bank.ts'
import { GeneralWorkload } from './general.ts'
import { ListsWorkload } from './lists.ts'
import { Mixture } from './mixture.ts'
import { MovingSessions } from './moving-sessions.ts'
import { RegistersWorkload } from './registers.ts'

const MEDIUM_BYTES = 64 * KIB
const USUAL = { hotKeys: 8, hotOneIn: 2, coldKeys: 1000, conditionalOneIn: 10, bytesMax: MEDIUM_BYTES, bigOneIn: 1000 }

/** The first is what a run has unless it is told otherwise. */
export const WORKLOADS: readonly Workload[] = [
  {
    name: 'mixed',
    description: 'everything: hot and other keys, batches, conditions, deadlines, scans, bank transfers, moving sessions, procedures',
    start: (context) =>
      new Mixture(context, [
        { share: 6, start: (part) => new GeneralWorkload(part, USUAL) },
        { share: 2, start: (part) => new BankWorkload(part) },
        { share: 1, start: (part) => new MovingSessions(part) },
        { share: 1, start: (part) => new ListsWorkload(part) },
        ...(isLed(context) ? [{ share: 3, start: (part: WorkloadContext) => new RegistersWorkload(part) }] : []),
      ]),
  },
  {
    name: 'hot',
    description: 'all clients on three keys: as many conflicts as can be',
    start: (context) => new GeneralWorkload(context, { ...USUAL, hotKeys: 3, hotOneIn: 1 }),
  },
  {
    name: 'bank',
    description: "transfers in batches; the sum of each node's accounts stays, wherever it is read",
    start: (context) => new BankWorkload(context),
  },
  {
    name: 'sessions',
    description: 'clients that read their own writes, each call at another node',
    start: (context) => new MovingSessions(context),
  },
  {
    name: 'lists',
    description: "procedures that append to each node's list; all that is read anywhere is on one line",
    start: (context) => new ListsWorkload(context),
  },
  {
    name: 'registers',
    description: 'linearizable reads and writes of a few keys: for --mode leader',
    start: (context) => new RegistersWorkload(context),
  },
  {
    name: 'conditional',
    description: 'writes over the version that was read, and of keys that must not be there',
    start: (context) => new GeneralWorkload(context, { ...USUAL, hotKeys: 20, conditionalOneIn: 1 }),
  },
  {
    name: 'large',
    description: `values of up to ${VALUE_BYTES_MAX / MIB} MiB among small ones`,
    start: (context) => new GeneralWorkload(context, { ...USUAL, coldKeys: 50, bytesMax: VALUE_BYTES_MAX, bigOneIn: 100 }),
  },
]

function isLed({ mode = 'multi' }: WorkloadContext): boolean {
  return mode !== 'multi'
}

export * from './requests.ts'
export { SessionTokens } from './session-tokens.ts'
