import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyFromText, parseNodeName, present } from '../../base/index.ts'
import type { Reply } from '../../core/index.ts'
import { NODE_DEFAULTS, Node, open } from '../../server/index.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skein-recovering-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

describe('a node that still reads its logs', () => {
  it('[JR5] answers UNAVAILABLE with its progress, shows it in the status, and serves once it has started', async () => {
    const data = join(root, 'solo')
    const before = await open({ node: 'solo', data, journalSegmentBytes: 1024 * 1024, minFreeBytes: 0 })
    for (let i = 0; i < 20; i++) await before.set(`key:${i}`, i)
    const blocks = present(before.nodeStatus().logs[0], 'it has written a log').length
    await before.close()
    const config = { node: parseNodeName('solo'), data, gossip: null, ...NODE_DEFAULTS, journalSegmentBytes: 1024 * 1024, minFreeBytes: 0 }
    const node = await Node.open(config, { onFatal: fail })
    try {
      const started = node.start()
      expect(node.isReady).toBe(false)
      expect(node.status().state).toEqual({ kind: 'recovering', done: 0, total: blocks })
      expect(await readKey(node)).toMatchObject({ kind: 'failed', error: { code: 'UNAVAILABLE' } })
      await started
      expect(node.isReady).toBe(true)
      expect(await readKey(node)).toMatchObject({ kind: 'value', item: { value: { type: 'json', data: '7' } } })
    } finally {
      await node.close()
    }
  })
})

function readKey(node: Node): Promise<Reply> {
  return new Promise((resolve) => {
    node.request({ kind: 'get', key: keyFromText('key:7'), consistency: 'local', session: null, timeoutMs: 1000 }, resolve)
  })
}

function fail(failure: Error): void {
  throw failure
}
