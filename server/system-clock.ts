/** The system's clocks, the only place of the server that reads them for the replica. */

import type { Now } from '../base/index.ts'

export function systemNow(): Now {
  return { wallMs: Date.now(), monotonicMs: performance.now() }
}
