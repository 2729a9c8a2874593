import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { present } from '../../../base/index.ts'
import { eventually } from '../../support/eventually.ts'
import { type LocalCluster, type LocalNode, startCluster } from '../../support/local-cluster.ts'
import { jsonOf } from './running-door.ts'

interface Side {
  version: string
  writer: string
  timestamp: string
  epoch: number
  value: unknown
  type: string | null
  encoding?: string
  clock: Record<string, number>
}

interface ConflictPage {
  items: { key: string; conflicts: { winner: Side; loser: Side; rule: string; explanation: string }[] }[]
  cursor: string | null
}

const DEADLINE_MS = 20_000
const KEYS = ['a/b', 'deleted', 'raw', '🦊']

let cluster: LocalCluster
let first: LocalNode
let second: LocalNode

const at = (node: LocalNode, key: string): string => `${node.url}/v1/keys/${encodeURIComponent(key)}`
const conflicts = async (node: LocalNode, path: string): Promise<ConflictPage> => jsonOf(await fetch(`${node.url}/v1/conflicts${path}`))

/** Two nodes write the same keys while the other one is away, then meet. */
beforeAll(async () => {
  cluster = await startCluster(2)
  first = present(cluster.nodes[0], 'there are two nodes')
  second = present(cluster.nodes[1], 'there are two nodes')
  await second.stop()
  for (const key of KEYS) await fetch(at(first, key), { method: 'PUT', body: '{"by":1}', headers: { 'content-type': 'application/json' } })
  await first.stop()
  await second.restart()
  await fetch(at(second, 'a/b'), { method: 'PUT', body: 'by two', headers: { 'content-type': 'text/plain' } })
  await fetch(at(second, 'raw'), { method: 'PUT', body: new Uint8Array([255, 0]) })
  await fetch(at(second, '🦊'), { method: 'PUT', body: '[2]', headers: { 'content-type': 'application/json' } })
  await fetch(at(second, 'deleted'), { method: 'PUT', body: '2', headers: { 'content-type': 'application/json' } })
  await fetch(at(second, 'deleted'), { method: 'DELETE' })
  await first.restart()
  await eventually(async () => {
    const [left, right] = await Promise.all([first.status(), second.status()])
    return left.digest === right.digest && left.keysWithConflicts === KEYS.length && right.keysWithConflicts === KEYS.length
  }, DEADLINE_MS)
}, 60_000)
afterAll(() => cluster.stop())

describe('conflicts', () => {
  it('[RG3] a loser is shown with its winner, both clocks and the rule that decided', async () => {
    for (const node of [first, second]) {
      const { items, cursor } = await conflicts(node, `/${encodeURIComponent('a/b')}`)
      expect(cursor).toBeNull()
      const [conflict] = present(items[0], 'the key has a conflict').conflicts
      const { winner, loser, rule, explanation } = present(conflict, 'the key has a conflict')
      expect(winner).toMatchObject({ value: 'by two', type: 'text', epoch: 1, writer: expect.stringMatching(/^n2\./) })
      expect(loser).toMatchObject({ value: { by: 1 }, type: 'json', epoch: 1, writer: expect.stringMatching(/^n1\./) })
      expect(winner.clock[winner.writer]).toBe(Number(winner.version.split(':')[1]))
      expect(winner.clock[loser.writer]).toBeUndefined()
      expect(loser.clock[winner.writer]).toBeUndefined()
      expect(Date.parse(winner.timestamp)).toBeGreaterThanOrEqual(Date.parse(loser.timestamp))
      expect(rule).toBe('timestamp')
      expect(explanation).toMatch(/^written on both sides without knowledge of each other; the later hybrid timestamp wins/)
    }
  })

  it('[RG3] keys with conflicts are listed in order, a page at a time', async () => {
    const all = await conflicts(first, '')
    expect(all.items.map(({ key }) => key)).toEqual(KEYS)
    expect(all.cursor).toBeNull()
    const keys: string[] = []
    let query = '?limit=1'
    for (;;) {
      const page = await conflicts(first, query)
      keys.push(...page.items.map(({ key }) => key))
      if (page.cursor === null) break
      query = `?limit=1&cursor=${page.cursor}`
    }
    expect(keys).toEqual(KEYS)
  })

  it('[RG3] bytes and deletes are shown as what they are', async () => {
    // The node that deleted held the tombstone when the other's write came.
    const sides = async (key: string) => present((await conflicts(second, `/${key}`)).items[0]?.conflicts.at(-1), 'the key has a conflict')
    expect((await sides('raw')).winner).toMatchObject({ value: '/wA=', type: 'bytes', encoding: 'base64' })
    const { winner, loser } = await sides('deleted')
    expect(winner).toMatchObject({ value: null, type: null })
    expect(loser).toMatchObject({ value: { by: 1 }, type: 'json' })
  })

  it('[RG3] the meta of a value counts its conflicts', async () => {
    expect(await jsonOf(await fetch(`${at(first, 'a/b')}?meta=true`))).toMatchObject({ conflicts: 1 })
  })

  it('[RG3] a loser is restored as a new version', async () => {
    const key = encodeURIComponent('🦊')
    const page = await conflicts(first, `/${key}`)
    const loser = present(page.items[0]?.conflicts[0], 'the key has a conflict').loser
    const response = await fetch(`${first.url}/v1/conflicts/${key}/restore`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ version: loser.version }),
    })
    const restored = await jsonOf(response)
    expect(restored).toEqual({ version: expect.stringMatching(/^n1\./), session: expect.any(String) })
    const read = await fetch(at(first, '🦊'))
    expect(await read.json()).toEqual(loser.value)
    expect(read.headers.get('etag')).toBe(`"${restored.version}"`)
  })

  it('[SS1] a session from one node is read on the other', async () => {
    const written = await jsonOf(
      await fetch(at(first, 'session'), { method: 'PUT', body: '1', headers: { 'content-type': 'application/json' } }),
    )
    const read = await fetch(at(second, 'session'), { headers: { 'skein-session': written.session } })
    expect(await read.text()).toBe('1')
  })

  it('[WR4] w=2 is answered once both hold the write', async () => {
    const response = await fetch(`${at(first, 'both')}?w=2`, { method: 'PUT', body: '1', headers: { 'content-type': 'application/json' } })
    expect(response.status).toBe(200)
    expect(await (await fetch(at(second, 'both'))).text()).toBe('1')
  })
})
