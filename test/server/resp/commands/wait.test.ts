/** WAIT in a cluster. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../../support/eventually.ts'
import { type LocalCluster, startCluster } from '../../../support/local-cluster.ts'
import { Conversation } from '../conversation.ts'
import { RespClient } from '../running-resp.ts'

const DEADLINE_MS = 15_000

let cluster: LocalCluster
const clients: RespClient[] = []

beforeAll(async () => {
  cluster = await startCluster(2)
})

afterAll(async () => {
  for (const client of clients) client.destroy()
  await cluster.stop()
})

async function connect(index: number): Promise<Conversation> {
  const client = await RespClient.connect(Number(cluster.nodes[index]?.resp.split(':').at(-1)))
  clients.push(client)
  return new Conversation(client)
}

describe('WAIT', () => {
  it('[WR4] is answered once another node has the last write on its disk, where it is read then', async () => {
    const [first, second] = [await connect(0), await connect(1)]
    expect(await first.say('SET a one')).toBe('+OK')
    expect(await first.say(`WAIT 1 ${DEADLINE_MS}`)).toBe(1)
    expect(await second.say('GET a')).toBe('one')
  })

  it('[WR4] counts the connected nodes before a first write, and no more than there are', async () => {
    const client = await connect(1)
    expect(await eventually(async () => (await client.say('WAIT 0 0')) === 1, DEADLINE_MS)).toBe(true)
    await client.say('SET b one')
    expect(await client.say(`WAIT 1 ${DEADLINE_MS}`)).toBe(1)
    expect(await client.say('WAIT 5 50')).toBe(1)
  })
})
