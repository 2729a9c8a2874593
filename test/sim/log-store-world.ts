/** Twins of the log store, each on a disk of its own, with a simulated network to connect them over. */

import { assert, Prng, parseNodeName, type WriterId } from '../../base/index.ts'
import type { LogFailure } from '../../core/index.ts'
import { BlockExchange } from '../../sim/block-exchange.ts'
import { SimulatedDisk } from '../../sim/disk.ts'
import { Lane } from '../../sim/event-queue.ts'
import { neverKilled } from '../../sim/kill-switch.ts'
import { LogStoreTwin } from '../../sim/log-store-twin.ts'
import { Network } from '../../sim/network.ts'
import type { LogStoreWorld, OpenLogStore } from '../contract/log-store.ts'
import { directoryOf, Recorder } from '../contract/transport.ts'
import { eventually } from '../support/eventually.ts'
import { CALM_NETWORK, QUICK_DISK, TurningQueue } from './turning.ts'

const NAMES = ['a', 'b', 'c', 'd']
const DEADLINE_MS = 5000

export interface OpenTwin extends OpenLogStore {
  readonly store: LogStoreTwin
  readonly node: number
  readonly lane: Lane
  readonly disk: SimulatedDisk
}

export interface TwinWorld extends LogStoreWorld {
  open(name: string): Promise<OpenTwin>
}

export function createTwinWorld(): TwinWorld {
  const turning = TurningQueue.start()
  const { queue } = turning
  const exchange = new BlockExchange({ queue, observe: () => {} })
  const network = new Network(
    { queue, names: NAMES.map(parseNodeName), weather: CALM_NETWORK, random: new Prng(1), observe: () => {} },
    exchange,
  )
  exchange.attach(network)
  // Only those connect that a test connects: every other way is cut.
  for (const [left, right] of pairs()) network.cut(bothWays(left, right))
  const disks = new Map(NAMES.map((name, index) => [name, new SimulatedDisk(QUICK_DISK, new Prng(index + 10))]))
  const twins = new Map<OpenLogStore, OpenTwin>()

  const find = (opened: OpenLogStore): OpenTwin => {
    const twin = twins.get(opened)
    assert(twin !== undefined, 'it is of this world')
    return twin
  }
  return {
    async open(name) {
      const disk = disks.get(name)
      assert(disk !== undefined, 'a world has the nodes a to d')
      const node = NAMES.indexOf(name)
      const lane = new Lane()
      const failures = new Map<WriterId, LogFailure>()
      const store = await new Promise<LogStoreTwin>((resolve) =>
        LogStoreTwin.open(
          {
            queue,
            lane,
            disk,
            kill: neverKilled,
            onFatal: (failure) => {
              throw failure
            },
            onFailure: (writer, failure) => failures.set(writer, failure),
            onAppended: () => {},
            onGrown: (writer) => exchange.grown(node, writer),
            onFollowed: (writer) => exchange.wanted(node, writer),
          },
          resolve,
        ),
      )
      exchange.open(node, store)
      const now = () => ({ wallMs: 0, monotonicMs: queue.nowMs })
      network.open({ node, lane, directory: directoryOf(node), now, events: new Recorder() })
      const twin: OpenTwin = { store, failures, node, lane, disk }
      twins.set(twin, twin)
      return twin
    },
    async close(opened) {
      const { store, node, lane } = find(opened)
      await new Promise<void>((resolve) => store.close(resolve))
      network.close(node)
      exchange.close(node)
      lane.end(queue.nowUs)
    },
    async connect(left, right) {
      const directions = bothWays(find(left).node, find(right).node)
      network.heal(directions)
      await eventually(() => network.isUp(find(left).node, find(right).node), DEADLINE_MS)
      return async () => {
        network.cut(directions)
        await eventually(() => !network.isUp(find(left).node, find(right).node), DEADLINE_MS)
      }
    },
    async remove() {
      turning.stop()
    },
  }
}

function pairs(): [number, number][] {
  return NAMES.flatMap((_, left) => NAMES.slice(left + 1).map((_name, offset): [number, number] => [left, left + 1 + offset]))
}

function bothWays(one: number, other: number): (readonly [number, number])[] {
  return [
    [one, other],
    [other, one],
  ]
}
