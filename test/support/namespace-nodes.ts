/** Nodes n1, n2, … in network namespaces, each of them known to all others by its address there. */

import { join } from 'node:path'
import { type NamespaceHost, NamespaceNetwork } from './namespaces.ts'
import { NodeProcess } from './processes.ts'

const HTTP_PORT = 8401
const RESP_PORT = 6401
const GOSSIP_PORT = 4901

/** One in each host of the network, with nothing running yet. */
export function nodesIn(network: NamespaceNetwork, root: string, secretFile: string): readonly NodeProcess[] {
  return network.hosts.map((host, index) => processIn(network, host, `n${index + 1}`, root, secretFile))
}

function processIn(network: NamespaceNetwork, host: NamespaceHost, name: string, root: string, secretFile: string): NodeProcess {
  return new NodeProcess({
    name,
    data: join(root, name),
    secretFile,
    host: host.doorAddress,
    httpPort: HTTP_PORT,
    respPort: RESP_PORT,
    gossipHost: host.clusterAddress,
    gossipPort: GOSSIP_PORT,
    peers: network.hosts
      .map((other, place) => ({ name: `n${place + 1}`, host: other.clusterAddress, port: GOSSIP_PORT }))
      .filter((peer) => peer.name !== name),
    options: ['--allow-insecure', '--segment-size', '8mb', '--min-free', '0'],
    wrapper: NamespaceNetwork.enter(host),
    environment: {},
  })
}
