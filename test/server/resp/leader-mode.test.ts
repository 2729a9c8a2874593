import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { present } from '../../../base/index.ts'
import { agreedLeader } from '../../support/agreed-leader.ts'
import { type LocalCluster, type LocalNode, startCluster } from '../../support/local-cluster.ts'
import { Conversation } from './conversation.ts'
import { RespClient } from './running-resp.ts'

const PIPELINED = 500

let cluster: LocalCluster
let leader: LocalNode
let follower: LocalNode
const clients: RespClient[] = []

beforeAll(async () => {
  cluster = await startCluster(3, { mode: 'leader' })
  leader = await agreedLeader(cluster.nodes)
  follower = present(
    cluster.nodes.find((node) => node !== leader),
    'a cluster of three has followers',
  )
})
afterAll(async () => {
  for (const client of clients) client.destroy()
  await cluster.stop()
})

async function talkTo(node: LocalNode): Promise<Conversation> {
  const client = await RespClient.connect(portOf(node))
  clients.push(client)
  return new Conversation(client)
}

function portOf(node: LocalNode): number {
  return Number(node.resp.split(':').at(-1))
}

describe('the Redis protocol in leader mode', () => {
  it('[WR1] a pipeline at the leader is committed, however long a commit takes', async () => {
    const redis = await talkTo(leader)
    const sets = Array.from({ length: PIPELINED }, (_, index) => ['SET', `k${index}`, String(index)])
    const appends = Array.from({ length: PIPELINED }, (_, index) => ['APPEND', `k${index}`, '!'])
    const gets = Array.from({ length: PIPELINED }, (_, index) => ['GET', `k${index}`])
    const answers = await redis.askAll([...sets, ...appends, ...gets])
    expect(answers.slice(0, PIPELINED)).toEqual(sets.map(() => '+OK'))
    expect(answers.slice(2 * PIPELINED)).toEqual(sets.map((_, index) => `${index}!`))
  })

  it('[LM9] a write at another node is answered in the word of a replica, with who leads', async () => {
    const redis = await talkTo(follower)
    const answers = await redis.askAll([
      ['SET', 'a', '1'],
      ['APPEND', 'a', '1'],
      ['DEL', 'a'],
    ])
    const refusal = `-READONLY NOT_LEADER: this cluster is led by ${leader.name}: ask it at ${leader.url}`
    expect(answers).toEqual([refusal, refusal, refusal])
  })

  it('[LM9] INFO tells who is a replica', async () => {
    expect(await (await talkTo(leader)).say('INFO replication')).toContain('role:master')
    const told = String(await (await talkTo(follower)).say('INFO'))
    for (const line of ['role:slave', 'master_link_status:up', 'mode:leader', `leader:${leader.name}`])
      expect(told).toContain(`${line}\r\n`)
  })
})

describe('JSON lines in leader mode', () => {
  it('[LM9] a line for the leader is refused with where it is', async () => {
    const refused = await lineOf(follower, { op: 'set', key: 'a', value: 1 })
    expect(refused).toMatchObject({ error: { code: 'NOT_LEADER', details: { leader: leader.name, url: leader.url } } })
    expect(await lineOf(leader, { op: 'set', key: 'a', value: 1 })).toMatchObject({ version: expect.any(String) })
    expect(await lineOf(leader, { op: 'get', key: 'a', read: 'linearizable' })).toMatchObject({ value: 1 })
  })

  it('[LM10] [EP5] [MB1] mode, promote, join and remove are there, too', async () => {
    expect(await lineOf(leader, { op: 'promote', node: follower.name, timeout: '5s' })).toMatchObject({
      mode: 'leader',
      leader: follower.name,
    })
    await agreedLeader(cluster.nodes)
    expect(await lineOf(follower, { op: 'join', node: leader.name, timeout: '5s' })).toEqual({ voters: ['n1', 'n2', 'n3'] })
    expect(await lineOf(follower, { op: 'join', node: 'n9' })).toMatchObject({ error: { code: 'NOT_FOUND' } })
    expect(await lineOf(follower, { op: 'remove', node: 'n9' })).toMatchObject({ error: { code: 'NOT_FOUND' } })
    expect(await lineOf(leader, { op: 'remove', node: 'n3' })).toMatchObject({ error: { code: 'NOT_LEADER' } })
    expect(await lineOf(follower, { op: 'mode', mode: 'multi', timeout: 10_000 })).toMatchObject({ mode: 'multi', leader: null })
  })
})

/** The answer to one line on a connection of its own. */
function lineOf(node: LocalNode, line: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let received = ''
    const socket: Socket = connect(portOf(node), '127.0.0.1', () => socket.end(`${JSON.stringify(line)}\n`))
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(JSON.parse(received)))
  })
}
