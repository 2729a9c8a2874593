/** Bytes that a write of 100 bytes takes: in the journal, in the log on the disk, and on the wire to one peer. */

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterSecret } from '../gossip/index.ts'
import { open } from '../server/index.ts'
import { type Row, thousands } from './measure.ts'
import { freeUdpPorts, inScratchDirectory } from './scratch.ts'

const VALUE = 'v'.repeat(100)
const WRITES = 5000

export async function benchBytes(): Promise<Row[]> {
  return inScratchDirectory(async (scratch) => {
    const secret = ClusterSecret.generate().reveal()
    const [a = 0, b = 0] = await freeUdpPorts(2)
    const openNode = (node: string, port: number, peer: string, peerPort: number) =>
      open({
        node,
        data: join(scratch, node),
        secret,
        gossip: { port },
        peers: [{ name: peer, host: '127.0.0.1', port: peerPort }],
        minFreeBytes: 0,
      })
    const writer = await openNode('a', a, 'b', b)
    const reader = await openNode('b', b, 'a', a)
    try {
      while (reader.nodeStatus().peers[0]?.connected !== true) await new Promise((resolve) => setTimeout(resolve, 10))
      const rows: Row[] = []
      for (const inFlight of [1, 50]) {
        const [disk, wire] = [await bytesBelow(join(scratch, 'a', 'logs')), await loopbackBytes()]
        for (let done = 0; done < WRITES; done += inFlight) {
          await Promise.all(Array.from({ length: inFlight }, (_, index) => writer.set(`key:${done + index}`, VALUE)))
        }
        const { digest } = writer.nodeStatus()
        while (reader.nodeStatus().digest !== digest) await new Promise((resolve) => setTimeout(resolve, 10))
        const [diskAfter, wireAfter] = [await bytesBelow(join(scratch, 'a', 'logs')), await loopbackBytes()]
        rows.push({
          what: `bytes a write of 100 bytes, ${inFlight} in flight`,
          figure: `${thousands((diskAfter - disk) / WRITES)} in the log on the disk, ${thousands((wireAfter - wire) / WRITES)} on the wire`,
        })
      }
      return rows
    } finally {
      await reader.close()
      await writer.close()
    }
  })
}

async function bytesBelow(directory: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size
  }
  return bytes
}

/** Sent over the loopback device of this machine so far, by whoever it was. */
async function loopbackBytes(): Promise<number> {
  const line = (await readFile('/proc/net/dev', 'utf8')).split('\n').find((text) => text.trim().startsWith('lo:'))
  return Number(line?.trim().split(/\s+/)[9] ?? Number.NaN)
}
