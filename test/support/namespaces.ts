/**
 * A small real network: each node in a network namespace of its own, all plugged into one bridge,
 * which has a namespace too. Cutting a node off takes its port of the bridge down, as if somebody
 * pulled the cable; nobody is told, and nothing in the node knows of it.
 *
 * Each namespace has a second cable straight to the test, for the doors: clients on both sides of
 * a partition go on talking to their nodes. Firewall rules were rejected, because they need one
 * more tool than `ip`.
 */

import { randomBytes } from 'node:crypto'
import { runAsRoot } from './root-only.ts'

export interface NamespaceHost {
  readonly namespace: string
  /** Where the other nodes reach it; exists inside the namespaces alone. */
  readonly clusterAddress: string
  /** Where the test reaches it. */
  readonly doorAddress: string
  /** Its end of the cable at the bridge. */
  readonly port: string
  /** The test's end of its second cable. */
  readonly control: string
}

/** A subnet each for cluster and doors that private networks hardly use. */
const CLUSTER_SUBNET = '10.98.76'
const DOOR_SUBNET = '10.98.77'
const BRIDGE = 'bridge'

export class NamespaceNetwork {
  readonly hosts: readonly NamespaceHost[]
  readonly #hub: string

  private constructor(hub: string, hosts: readonly NamespaceHost[]) {
    this.#hub = hub
    this.hosts = hosts
  }

  /** Makes the network for `count` nodes. Needs root. */
  static async create(count: number): Promise<NamespaceNetwork> {
    // Names of interfaces have at most 15 characters.
    const id = randomBytes(3).toString('hex')
    const hosts = Array.from({ length: count }, (_, index) => ({
      namespace: `skein-${id}-${index + 1}`,
      clusterAddress: `${CLUSTER_SUBNET}.${index + 1}`,
      doorAddress: `${DOOR_SUBNET}.${4 * index + 2}`,
      port: `p${id}${index + 1}`,
      control: `c${id}${index + 1}`,
    }))
    const network = new NamespaceNetwork(`skein-${id}-hub`, hosts)
    try {
      await network.#build()
    } catch (error) {
      await network.remove()
      throw error
    }
    return network
  }

  /** The command that runs a program inside a host's namespace. */
  static enter(host: NamespaceHost): readonly string[] {
    return ['ip', 'netns', 'exec', host.namespace]
  }

  async cutOff(host: NamespaceHost): Promise<void> {
    await runAsRoot('ip', '-n', this.#hub, 'link', 'set', host.port, 'down')
  }

  async heal(host: NamespaceHost): Promise<void> {
    await runAsRoot('ip', '-n', this.#hub, 'link', 'set', host.port, 'up')
  }

  /** Removes all of it, also when only a part was made. */
  async remove(): Promise<void> {
    for (const namespace of [...this.hosts.map((host) => host.namespace), this.#hub]) {
      // Its interfaces go with it, and so do the other ends of its cables.
      await runAsRoot('ip', 'netns', 'delete', namespace).catch(() => undefined)
    }
  }

  async #build(): Promise<void> {
    const hub = this.#hub
    await runAsRoot('ip', 'netns', 'add', hub)
    await runAsRoot('ip', '-n', hub, 'link', 'add', BRIDGE, 'type', 'bridge')
    await runAsRoot('ip', '-n', hub, 'link', 'set', BRIDGE, 'up')
    for (const [index, host] of this.hosts.entries()) await this.#plugIn(host, `${DOOR_SUBNET}.${4 * index + 1}/30`)
  }

  async #plugIn({ namespace, port, control, clusterAddress, doorAddress }: NamespaceHost, testAddress: string): Promise<void> {
    const hub = this.#hub
    await runAsRoot('ip', 'netns', 'add', namespace)
    await runAsRoot('ip', '-n', namespace, 'link', 'set', 'lo', 'up')
    await runAsRoot('ip', '-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'cluster', 'netns', namespace)
    await runAsRoot('ip', '-n', hub, 'link', 'set', port, 'master', BRIDGE)
    await runAsRoot('ip', '-n', hub, 'link', 'set', port, 'up')
    await runAsRoot('ip', '-n', namespace, 'address', 'add', `${clusterAddress}/24`, 'dev', 'cluster')
    await runAsRoot('ip', '-n', namespace, 'link', 'set', 'cluster', 'up')
    await runAsRoot('ip', 'link', 'add', control, 'type', 'veth', 'peer', 'name', 'door', 'netns', namespace)
    await runAsRoot('ip', 'address', 'add', testAddress, 'dev', control)
    await runAsRoot('ip', 'link', 'set', control, 'up')
    await runAsRoot('ip', '-n', namespace, 'address', 'add', `${doorAddress}/30`, 'dev', 'door')
    await runAsRoot('ip', '-n', namespace, 'link', 'set', 'door', 'up')
  }
}
