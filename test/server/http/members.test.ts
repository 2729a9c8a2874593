import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { present } from '../../../base/index.ts'
import { agreedLeader } from '../../support/agreed-leader.ts'
import { eventually } from '../../support/eventually.ts'
import { type LocalCluster, type LocalNode, startCluster } from '../../support/local-cluster.ts'

const DEADLINE_MS = 20_000

describe('members that come and go', () => {
  let cluster: LocalCluster
  /** Neither leads nor is asked. */
  let third: LocalNode
  let asked: LocalNode

  beforeAll(async () => {
    cluster = await startCluster(3, { mode: 'leader' })
    const leader = await agreedLeader(cluster.nodes)
    const [first, second] = cluster.nodes.filter(({ name }) => name !== leader.name)
    third = present(first, 'there are two followers')
    asked = present(second, 'there are two followers')
  })
  afterAll(() => cluster.stop())

  async function call(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: unknown }> {
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const answer = await fetch(`${asked.url}${path}`, { method, ...sent })
    return { status: answer.status, body: await answer.json() }
  }

  it('[MB4] [LM9] a member is removed, asked of any node', async () => {
    await third.stop()
    const others = cluster.nodes.map(({ name }) => name).filter((name) => name !== third.name)
    expect(await call('DELETE', `/v1/cluster/members/${third.name}?timeout=10s`)).toEqual({ status: 200, body: { voters: others } })
    expect(await call('DELETE', `/v1/cluster/members/${third.name}`)).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
    expect(await call('POST', '/v1/cluster/join', { node: third.name })).toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND' } },
    })
  })

  it('[MB2] a node with an empty directory is a learner, and joins', async () => {
    await rm(third.data, { recursive: true })
    await third.restart({ joins: true })
    await eventually(
      async () => (await asked.status()).learners.some((name) => name === third.name),
      DEADLINE_MS,
      () => 'a learner',
    )
    const seen = (await call('GET', '/v1/cluster')).body as { members: { node: string; learner: boolean }[] }
    expect(seen.members.filter(({ learner }) => learner)).toMatchObject([{ node: third.name, connected: true }])
    const { voters } = (await call('POST', '/v1/cluster/join?timeout=10s', { node: third.name })).body as { voters: string[] }
    expect(voters.toSorted()).toEqual(['n1', 'n2', 'n3'])
    const after = (await call('GET', '/v1/cluster')).body as { members: { learner: boolean }[] }
    await eventually(
      async () => (await asked.status()).learners.length === 0,
      DEADLINE_MS,
      () => 'nobody without a vote',
    )
    expect(after.members).toHaveLength(3)
  })
})
