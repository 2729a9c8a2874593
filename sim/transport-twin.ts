/**
 * A process's transport over the simulated network: the port that the replica's messages leave
 * through. It keeps the promises of the real one (`test/contract/`).
 */

import { assert, type NodeName } from '../base/index.ts'
import type { GroupName, Transport } from '../core/index.ts'
import type { EventQueue } from './event-queue.ts'
import type { KillSwitch } from './kill-switch.ts'
import type { Network, Port } from './network.ts'

export interface TransportTwinOptions {
  readonly queue: EventQueue
  readonly network: Network
  readonly port: Port
  readonly kill: KillSwitch
}

export class TransportTwin implements Transport {
  readonly #options: TransportTwinOptions
  #isClosed = false

  private constructor(options: TransportTwinOptions) {
    this.#options = options
  }

  /** Joins the network: peers in reach are greeted from now on. */
  static open(options: TransportTwinOptions): TransportTwin {
    options.network.open(options.port)
    return new TransportTwin(options)
  }

  send(to: NodeName, group: GroupName, message: Uint8Array): void {
    const { network, port, kill } = this.#options
    if (kill('before', 'send') || this.#isClosed) return
    network.send(port.node, this.#indexOf(to), group, message)
    kill('after', 'send')
  }

  expel(peer: NodeName): void {
    if (!this.#isClosed && !this.#options.port.lane.isOver) this.#options.network.expel(this.#options.port.node, this.#indexOf(peer))
  }

  dismiss(peer: NodeName): void {
    this.expel(peer)
  }

  close(done: () => void): void {
    const { queue, network, port } = this.#options
    if (!this.#isClosed) network.close(port.node)
    this.#isClosed = true
    queue.schedule(0, port.lane, done)
  }

  #indexOf(name: NodeName): number {
    const index = this.#options.network.names.indexOf(name)
    assert(index >= 0, 'a message goes to a node of the cluster')
    return index
  }
}
