/** Real log stores in a directory of their own, connected by Noise streams inside the process. */

import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SecretStream, { type NoiseStream } from '@hyperswarm/secret-stream'
import type { SkeinError, WriterId } from '../../base/index.ts'
import type { LogFailure } from '../../core/index.ts'
import { HypercoreLogStore } from '../../storage/index.ts'
import type { LogStoreWorld, OpenLogStore } from '../contract/log-store.ts'

export interface OpenHypercoreStore extends OpenLogStore {
  readonly store: HypercoreLogStore
  readonly directory: string
  readonly fatal: SkeinError[]
}

export interface HypercoreWorld extends LogStoreWorld {
  open(name: string): Promise<OpenHypercoreStore>
  directoryOf(name: string): string
}

export async function createHypercoreWorld(): Promise<HypercoreWorld> {
  const root = await mkdtemp(join(tmpdir(), 'skein-logs-'))
  const open = new Set<OpenLogStore>()
  const connections = new Set<() => Promise<void>>()
  const directoryOf = (name: string): string => join(root, name)
  const close = async (opened: OpenLogStore): Promise<void> => {
    open.delete(opened)
    await new Promise<void>((resolve) => opened.store.close(resolve))
  }
  return {
    directoryOf,
    close,
    async open(name) {
      const directory = directoryOf(name)
      const failures = new Map<WriterId, LogFailure>()
      const fatal: SkeinError[] = []
      const store = await HypercoreLogStore.open({
        directory,
        seed: createHash('sha256').update(name).digest(),
        onFailure: (writer, failure) => failures.set(writer, failure),
        onFatal: (failure) => fatal.push(failure),
      })
      const opened = { store, directory, failures, fatal }
      open.add(opened)
      return opened
    },
    async connect(left, right) {
      const disconnect = connectStores(storeOf(left), storeOf(right))
      connections.add(disconnect)
      return async () => {
        connections.delete(disconnect)
        await disconnect()
      }
    },
    async remove() {
      for (const disconnect of connections) await disconnect()
      for (const opened of [...open]) await close(opened)
      await rm(root, { recursive: true })
    },
  }
}

function storeOf({ store }: OpenLogStore): HypercoreLogStore {
  if (store instanceof HypercoreLogStore) return store
  throw new Error('only hypercore stores live in this world')
}

/** Connects, and connects again when the connection is lost, as a swarm does. */
function connectStores(left: HypercoreLogStore, right: HypercoreLogStore): () => Promise<void> {
  let isWanted = true
  let streams: readonly NoiseStream[] = []
  const connect = (): void => {
    const [initiator, responder] = [new SecretStream(true), new SecretStream(false)]
    streams = [initiator, responder]
    initiator.rawStream.pipe(responder.rawStream).pipe(initiator.rawStream)
    left.replicate(initiator)
    right.replicate(responder)
    // Each end is told when the other goes: in a test that is no failure.
    for (const stream of streams) stream.on('error', () => {})
    void Promise.all(streams.map(closing)).then(() => {
      if (isWanted) connect()
    })
  }
  connect()
  return async () => {
    isWanted = false
    const closed = streams.map((stream) => (stream.destroyed ? null : closing(stream)))
    for (const stream of streams) stream.destroy()
    await Promise.all(closed)
  }
}

function closing(stream: NoiseStream): Promise<void> {
  return new Promise((resolve) => stream.once('close', resolve))
}
