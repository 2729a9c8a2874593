import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { connectedPeers, ProcessCluster } from '../support/processes.ts'
import { getItem, mustPut } from '../support/rest.ts'
import { report } from './report.ts'

/** No figure is promised for a relay; one that takes this long has lost the write. */
const VISIBLE_WITHIN_MS = 15_000
/** The middle one of the chain n1 – n2 – n3. */
const RELAY = 'n2'

describe('three processes in a chain', () => {
  let cluster: ProcessCluster | null = null

  afterEach(async () => {
    await cluster?.stop()
    cluster = null
  })

  async function startChain(): Promise<ProcessCluster> {
    cluster = await ProcessCluster.start(3, { peersOf: (name) => (name === RELAY ? ['n1', 'n3'] : [RELAY]) })
    return cluster
  }

  it('[CA3] the ends, which know the middle alone, see each other’s writes, also after it restarted', async () => {
    const chain = await startChain()
    const [first, , last] = chain.nodes
    if (first === undefined || last === undefined) throw new Error('a chain has two ends')
    const expectBothWays = async (round: string): Promise<void> => {
      await mustPut(first.url, `${round}:from-first`, round)
      const startMs = performance.now()
      await eventually(
        async () => (await getItem(last.url, `${round}:from-first`))?.value === round,
        VISIBLE_WITHIN_MS,
        () => `${round}: first → last`,
      )
      await mustPut(last.url, `${round}:from-last`, round)
      await eventually(
        async () => (await getItem(first.url, `${round}:from-last`))?.value === round,
        VISIBLE_WITHIN_MS,
        () => `${round}: last → first`,
      )
      report(`${round}: there and back over the relay in ${Math.round(performance.now() - startMs)} ms`)
    }
    await expectBothWays('at first')
    await expectBothWays('warm')
    expect(connectedPeers(await first.status())).toEqual([RELAY])
    expect(connectedPeers(await last.status())).toEqual([RELAY])

    await chain.node(RELAY).kill()
    // What an end writes while the relay is down goes over it later.
    await mustPut(first.url, 'while-down', 1)
    await chain.node(RELAY).start()
    await chain.connected()
    await eventually(
      async () => (await getItem(last.url, 'while-down'))?.value === 1,
      VISIBLE_WITHIN_MS,
      () => 'a write from the time without the relay',
    )
    await expectBothWays('after the restart')
    await chain.converged()
    expect(connectedPeers(await first.status())).toEqual([RELAY])
  })
})
