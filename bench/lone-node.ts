/** The node that the servers of the benchmarks run: alone, with every door open on a free port of loopback. */

import pino from 'pino'
import { parseNodeName } from '../base/index.ts'
import { NODE_DEFAULTS, type RunningServer, startServer } from '../server/index.ts'

/** @param data its directory */
export function startLoneNode(data: string): Promise<RunningServer> {
  return startServer(
    {
      node: parseNodeName('bench'),
      data,
      gossip: null,
      http: { host: '127.0.0.1', port: 0 },
      tcp: { host: '127.0.0.1', port: 0 },
      maxValueBytes: 1024 * 1024,
      forwards: true,
      ...NODE_DEFAULTS,
      // How full the disk is, is not measured.
      minFreeBytes: 0,
    },
    pino({ level: 'silent' }),
  )
}
