/** What a benchmark borrows: a directory that is gone afterwards, on the disk under the checkout (`/tmp` may be memory), and ports. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

export async function inScratchDirectory<T>(action: (directory: string) => Promise<T>): Promise<T> {
  const parent = join(process.cwd(), 'data')
  await mkdir(parent, { recursive: true })
  const directory = await mkdtemp(join(parent, 'bench-'))
  try {
    return await action(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Ports that were free a moment ago, all different. */
export async function freeUdpPorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4').bind(0, '127.0.0.1'))
  await Promise.all(sockets.map((socket) => once(socket, 'listening')))
  const ports = sockets.map((socket) => socket.address().port)
  for (const socket of sockets) socket.close()
  return ports
}
