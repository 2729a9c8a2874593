import { Prng } from '../../base/index.ts'
import { Lane } from '../../sim/event-queue.ts'
import { neverKilled } from '../../sim/kill-switch.ts'
import { Network, NO_LISTENER } from '../../sim/network.ts'
import { TransportTwin } from '../../sim/transport-twin.ts'
import { describeTransport } from '../contract/transport.ts'
import { eventually } from '../support/eventually.ts'
import { CALM_NETWORK, TurningQueue } from './turning.ts'

const DEADLINE_MS = 5000

describeTransport('TransportTwin', async (names) => {
  const turning = TurningQueue.start()
  const { queue } = turning
  const network = new Network({ queue, names, weather: CALM_NETWORK, random: new Prng(3), observe: () => {} }, NO_LISTENER)
  return {
    async open(node, directory, events) {
      const now = () => ({ wallMs: queue.nowMs, monotonicMs: queue.nowMs })
      const port = { node: names.indexOf(node), lane: new Lane(), directory, now, events }
      return TransportTwin.open({ queue, network, port, kill: neverKilled })
    },
    async until(what, condition) {
      await eventually(condition, DEADLINE_MS, () => what)
    },
    close: async () => turning.stop(),
  }
})
