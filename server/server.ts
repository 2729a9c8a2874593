/**
 * A running server: a node and its doors. `skein start` runs one in a process of its own.
 */

import type { Logger } from 'pino'
import { type SkeinError, toSkeinError } from '../base/index.ts'
import type { Address, ServerConfig } from './config.ts'
import { HttpDoor } from './http/http-door.ts'
import { Node } from './node.ts'
import { Notices } from './notices.ts'
import { TcpDoor } from './tcp/tcp-door.ts'

const ANY_ADDRESS = ['0.0.0.0', '::']
/** Between two looks at how the node stands among the others. */
const NOTICE_INTERVAL_MS = 1000

export interface RunningServer {
  readonly urls: {
    readonly http: string
    /** `host:port` of the TCP door. */
    readonly resp: string
    readonly gossip: string | null
  }
  /** Finishes what is in flight and closes everything. */
  stop(): Promise<void>
  /** Settles when the server has stopped, with what it stopped for: null for `stop()`. */
  readonly stopped: Promise<SkeinError | null>
}

/** @throws whatever keeps a node from opening (see `Node.open`), or UNAVAILABLE if a port is taken */
export async function startServer(config: ServerConfig, logger: Logger): Promise<RunningServer> {
  let settle: (reason: SkeinError | null) => void = () => {}
  const stopped = new Promise<SkeinError | null>((resolve) => {
    settle = resolve
  })
  const doors: (HttpDoor | TcpDoor)[] = []
  let node: Node | null = null
  let isStopping = false
  let noticing: NodeJS.Timeout | undefined

  async function stop(reason: SkeinError | null): Promise<void> {
    if (isStopping) return
    isStopping = true
    clearInterval(noticing)
    // While the doors are open: what comes in meanwhile is sent on to the successor.
    await node?.yieldLeadership()
    await closeDoors()
    await node?.close()
    settle(reason)
  }

  async function closeDoors(): Promise<void> {
    await Promise.all(doors.map((door) => door.close()))
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
  let urls: RunningServer['urls']
  try {
    // The doors first: health and readiness are answered while a long log is read.
    const door = { gateway: node, maxValueBytes: config.maxValueBytes, logger }
    const http = await HttpDoor.open({ ...door, ...config.http, forwards: config.forwards })
    doors.push(http)
    const url = config.url ?? advertisedUrl(http)
    if (url === null) logger.warn({ host: http.address.host }, 'peers are not told where this node is: give --advertise-url')
    else node.advertise(url)
    const tcp = await TcpDoor.open({ ...door, ...config.tcp })
    doors.push(tcp)
    await node.start((done, total) => logger.info({ done, total }, 'reading the logs'))
    urls = { http: http.url, resp: hostAndPort(tcp.address), gossip: node.gossipAddress === null ? null : hostAndPort(node.gossipAddress) }
  } catch (error) {
    await closeDoors()
    await node.close()
    throw toSkeinError(error)
  }
  logger.info(urls, 'serving')
  const notices = new Notices(logger)
  const serving = node
  noticing = setInterval(() => notices.look(serving.status()), NOTICE_INTERVAL_MS)
  return { urls, stop: () => stop(null), stopped }
}

/** The door's own address, if others can use it: they can't connect to "every address of that machine". */
function advertisedUrl({ address, url }: HttpDoor): string | null {
  return ANY_ADDRESS.includes(address.host) ? null : url
}

function hostAndPort({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
