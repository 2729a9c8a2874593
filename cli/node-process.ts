/**
 * The process of `skein start`: one node with its doors, until it is told to stop. What the
 * process says is its log (pino): JSON lines for machines, readable ones at a terminal or with
 * `--pretty`.
 */

import pino, { type Logger } from 'pino'
import { parseNodeName, SkeinError } from '../base/index.ts'
import { checkDoorHost, type ServerConfig, startServer } from '../server/index.ts'
import type { Invocation } from './command.ts'
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts'
import { obtainSecret } from './secret-file.ts'
import type { StartOptions } from './start.ts'

/** Runs a node until it stops. @throws BAD_REQUEST, FORBIDDEN, and whatever keeps a node from opening */
export async function runNode({ options, output }: Invocation<StartOptions>): Promise<ExitCode> {
  const node = parseNodeName(options.node)
  refuseContradictions(options)
  const data = options.data ?? `./data/${node}`
  checkDoorHost(options.host, options.allowInsecure)
  const isAlone = options.peers.length === 0 && options.discovery === 'static'
  const secret = await obtainSecret({ file: options.secretFile, data, mayMake: isAlone, note: (text) => output.note(text) })
  const logger = await openLogger(options, output.isTerminal, node)
  const stop = watchForStop(options.stopWithParent, logger)
  const server = await startServer(
    {
      node,
      data,
      http: { host: options.host, port: options.httpPort },
      tcp: { host: options.host, port: options.respPort },
      gossip: {
        address: { host: options.gossipHost ?? options.host, port: options.gossipPort },
        discovery: discoveryOf(options),
        secret,
      },
      maxValueBytes: options.maxValue,
      forwards: options.forward ?? true,
      maxClockDriftMs: options.maxClockDrift,
      joins: options.join,
      mode: options.mode,
      url: options.advertiseUrl,
      dropRate: options.dropRate,
      journalSegmentBytes: options.segmentSize,
      minFreeBytes: options.minFree,
    },
    logger,
  )
  void stop.then(() => server.stop())
  const failure = await server.stopped
  if (failure === null) logger.info('stopped')
  return failure === null ? EXIT.done : exitCodeOf(failure)
}

/** @throws BAD_REQUEST */
function refuseContradictions({ discovery, bootstrap, join, peers }: StartOptions): void {
  if (join && peers.length === 0 && discovery === 'static')
    throw new SkeinError('BAD_REQUEST', '--join comes to a cluster that is there already: give the addresses of its members with --peers')
  if (discovery === 'static' && bootstrap.length > 0) {
    throw new SkeinError('BAD_REQUEST', '--bootstrap names nodes of a DHT: give --discovery dht with it')
  }
}

function discoveryOf({ discovery, bootstrap, peers }: StartOptions): NonNullable<ServerConfig['gossip']>['discovery'] {
  return discovery === 'static' ? { kind: 'static', peers } : { kind: 'dht', bootstrap: bootstrap.length === 0 ? null : bootstrap, peers }
}

async function openLogger({ logLevel, pretty }: StartOptions, isTerminal: boolean, node: string): Promise<Logger> {
  const settings = { level: logLevel, base: { node }, timestamp: pino.stdTimeFunctions.isoTime }
  // Written at once: the last lines before an end by force are those that matter.
  if (!(pretty ?? isTerminal)) return pino(settings, pino.destination({ dest: 1, sync: true }))
  const { default: prettyPrinter } = await import('pino-pretty')
  return pino(settings, prettyPrinter({ sync: true, colorize: isTerminal, translateTime: 'SYS:HH:MM:ss.l', ignore: 'node' }))
}

/** Settles when somebody wants this process to stop. A second signal ends it at once. */
function watchForStop(stopWithParent: boolean, logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false
    const ask = (why: string): void => {
      if (isAsked) process.exit(EXIT.done)
      isAsked = true
      logger.info({ why }, 'stopping: finishing what is in flight')
      resolve()
    }
    process.on('SIGTERM', () => ask('SIGTERM'))
    process.on('SIGINT', () => ask('SIGINT'))
    // The channel to the parent closes with it, however it ended.
    if (stopWithParent) process.once('disconnect', () => ask('the parent is gone'))
    if (stopWithParent && process.connected !== true) ask('the parent is gone')
  })
}
