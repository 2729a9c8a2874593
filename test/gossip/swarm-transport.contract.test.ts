import type { NodeName } from '../../base/index.ts'
import { describeTransport, type OpenNetwork } from '../contract/transport.ts'
import { freePorts, Loopback, peer, until } from './loopback.ts'

const openLoopback: OpenNetwork = async (nodes) => {
  const loopback = new Loopback()
  const free = await freePorts(nodes.length)
  const ports = new Map<NodeName, number>(nodes.map((node, i) => [node, free[i] ?? 0]))
  const peers = [...ports].map(([name, port]) => peer(name, port))
  return {
    async open(node, directory, events) {
      const port = ports.get(node) ?? 0
      return (await loopback.start(node, { directory, port, events, discovery: { kind: 'static', peers } })).transport
    },
    async until(what, condition) {
      await until(what, condition)
    },
    close: () => loopback.close(),
  }
}

describeTransport('SwarmTransport', openLoopback)
