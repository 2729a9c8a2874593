/**
 * A running server: a node and its doors. `skein start` runs one in a process of its own.
 */

import type { Logger } from 'pino'
import { type SkeinError, toSkeinError } from '../base/index.ts'
import type { ServerConfig } from './config.ts'
import { HttpDoor } from './http/http-door.ts'
import { Node } from './node.ts'

export interface RunningServer {
  readonly urls: { readonly http: string; readonly gossip: string | null }
  /** Finishes what is in flight and closes everything. */
  stop(): Promise<void>
  /** Settles when the server has stopped, with what it stopped for: null for `stop()`. */
  readonly stopped: Promise<SkeinError | null>
}

/** @throws whatever keeps a node from opening (see `Node.open`), or UNAVAILABLE if the port is taken */
export async function startServer(config: ServerConfig, logger: Logger): Promise<RunningServer> {
  let settle: (reason: SkeinError | null) => void = () => {}
  const stopped = new Promise<SkeinError | null>((resolve) => {
    settle = resolve
  })
  let door: HttpDoor | null = null
  let node: Node | null = null
  let isStopping = false

  async function stop(reason: SkeinError | null): Promise<void> {
    if (isStopping) return
    isStopping = true
    await door?.close()
    await node?.close()
    settle(reason)
  }

  node = await Node.open(config, {
    onFatal: (failure) => {
      logger.fatal(
        { code: failure.code, err: failure },
        'a durable write failed: this node stops (restart it; nothing that was answered is lost)',
      )
      // No door is closed with care: nothing may be answered any more.
      settle(failure)
    },
    onLogFailure: (writer, failure) => logger.error({ writer, ...failure }, 'a log is out of service'),
  })
  try {
    // The door first: health and readiness are answered while a long log is read.
    door = await HttpDoor.open({ gateway: node, ...config.http, maxValueBytes: config.maxValueBytes, logger })
    await node.start((done, total) => logger.info({ done, total }, 'reading the logs'))
  } catch (error) {
    await door?.close()
    await node.close()
    throw toSkeinError(error)
  }
  const { host, port } = door.address
  const http = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const gossip = node.gossipAddress
  logger.info({ http, gossip: gossip === null ? null : `${gossip.host}:${gossip.port}` }, 'serving')
  return {
    urls: { http, gossip: gossip === null ? null : `${gossip.host}:${gossip.port}` },
    stop: () => stop(null),
    stopped,
  }
}
