/** How long a node takes to open again, by the number of entries in its logs. */

import { join } from 'node:path'
import { open } from '../server/index.ts'
import { type Row, showMs, thousands } from './measure.ts'
import { inScratchDirectory } from './scratch.ts'

const VALUE = 'v'.repeat(100)

export async function benchRecovery(counts: readonly number[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const count of counts) {
    rows.push(
      await inScratchDirectory(async (scratch) => {
        const data = join(scratch, 'node')
        const writer = await open({ data, minFreeBytes: 0 })
        // One at a time would make an entry of each, and take minutes; a few at once make as many blocks as there are groups.
        for (let done = 0; done < count; ) {
          await Promise.all(Array.from({ length: Math.min(8, count - done) }, (_, index) => writer.set(`key:${done + index}`, VALUE)))
          done += 8
        }
        const { logs } = writer.nodeStatus()
        await writer.close()
        const start = performance.now()
        const again = await open({ data, minFreeBytes: 0 })
        const elapsed = performance.now() - start
        const { keys } = again.nodeStatus()
        await again.close()
        return {
          what: `reopen with ${thousands(count)} writes`,
          figure: `${showMs(elapsed)} (${thousands(logs[0]?.length ?? 0)} blocks, ${thousands(keys)} keys)`,
        }
      }),
    )
  }
  return rows
}
