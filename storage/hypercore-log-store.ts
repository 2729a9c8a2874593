/**
 * The logs of all nodes (LG1–LG3), each a hypercore in one corestore. This node's own are written
 * from the journal; the others are fetched from whichever peer has them and kept, so that they can
 * be read again and handed on.
 *
 * A log is found by its writer, which only its header names: at the opening the first block of
 * every stored core is read. A table of writers beside the cores was rejected, as the two could
 * disagree after a crash.
 */

import type { NoiseStream } from '@hyperswarm/secret-stream'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { assert, fromHex, type LogKey, MalformedError, present, SkeinError, type WriterId } from '../base/index.ts'
import { decodeHeader, type LogFailure, type LogStore, type SignedBlock, type StoredLog } from '../core/index.ts'
import { openCorestore } from './corestore-directory.ts'
import { DurabilityBarrier } from './durability-barrier.ts'
import { HypercoreLog, type Signer } from './hypercore-log.ts'

/** Cores opened at a time at the start. */
const OPENING_MAX = 32
/** How often silent peers are looked for; one is given up after twice this. */
const SILENCE_CHECK_MS = 400

export interface HypercoreLogStoreOptions {
  /** Created if it isn't there; from then on only this store's. */
  readonly directory: string
  /** 32 secret bytes from which the key pairs of own logs are derived. */
  readonly seed: Uint8Array
  /** A log went out of service. */
  readonly onFailure: (writer: WriterId, failure: LogFailure) => void
  /** Told once: nothing can be stored any more, the process has to stop (JR4). */
  readonly onFatal: (failure: SkeinError) => void
}

/** A log, open or opening. */
interface Entry {
  readonly opening: Promise<HypercoreLog>
  /** Resolves once it can be appended to; null until somebody wants to. */
  writable: Promise<HypercoreLog> | null
  log: HypercoreLog | null
}

export class HypercoreLogStore implements LogStore {
  readonly #options: HypercoreLogStoreOptions
  readonly #corestore: Corestore
  readonly #barrier: DurabilityBarrier
  readonly #entries = new Map<WriterId, Entry>()
  readonly #stored: StoredLog[] = []
  #silenceTimer: NodeJS.Timeout | null = null
  #unnamedCount = 0
  #isClosing = false
  #hasFailed = false

  private constructor(options: HypercoreLogStoreOptions, corestore: Corestore) {
    this.#options = options
    this.#corestore = corestore
    this.#barrier = new DurabilityBarrier({ directory: corestore.storage.rocks.path, onFatal: (failure) => this.#stop(failure) })
  }

  /**
   * Locks the directory, reads which logs it holds, and makes them durable: a process killed before
   * may have left blocks that the disk doesn't have.
   * @throws DIRECTORY_IN_USE, DIRECTORY_COPIED
   */
  static async open(options: HypercoreLogStoreOptions): Promise<HypercoreLogStore> {
    const corestore = await openCorestore(options.directory, options.seed)
    const store = new HypercoreLogStore(options, corestore)
    try {
      await store.#recover()
      store.#silenceTimer = setInterval(() => store.#dropSilentPeers(), SILENCE_CHECK_MS)
      return store
    } catch (error) {
      await store.#barrier.close()
      await corestore.close()
      throw error
    }
  }

  get stored(): readonly StoredLog[] {
    return this.#stored
  }

  /** Logs known here. */
  get size(): number {
    return this.#entries.size
  }

  /** Cores on the disk without a readable header: known by key alone until a peer names their writer. */
  get unnamedCount(): number {
    return this.#unnamedCount
  }

  keyOf(writer: WriterId): LogKey | null {
    return this.#entries.get(writer)?.log?.key ?? null
  }

  append(
    writer: WriterId,
    index: number,
    blocks: readonly Uint8Array[],
    signed: (signatures: readonly Uint8Array[]) => void,
    done: (key: LogKey) => void,
  ): void {
    if (this.#isClosing) return
    const entry = this.#entries.get(writer) ?? this.#add(writer, this.#openOwn(writer))
    entry.writable ??= this.#makeWritable(writer, entry)
    this.#use(entry.writable, (log) => log.append(index, blocks, signed, () => done(log.key)))
  }

  insert(writer: WriterId, index: number, block: SignedBlock, taken: () => void): void {
    if (this.#isClosing) return
    const entry = present(this.#entries.get(writer), 'a log is stored or followed before a block is inserted')
    this.#use(entry.opening, (log) => log.insert(index, block, taken))
  }

  follow(writer: WriterId, key: LogKey): void {
    if (this.#isClosing) return
    const entry = this.#entries.get(writer) ?? this.#add(writer, this.#openByKey(writer, key))
    this.#use(entry.opening, (log) => {
      if (log.key === key) log.follow()
      else this.#options.onFailure(writer, { kind: 'forked', reason: `it is known under two keys: ${log.key} and ${key}` })
    })
  }

  read(writer: WriterId, from: number, done: (from: number, blocks: readonly Uint8Array[]) => void): void {
    if (this.#isClosing) return
    const entry = present(this.#entries.get(writer), 'a log is stored, appended to or followed before it is read')
    this.#use(entry.opening, (log) => log.read(from, done))
  }

  /** `done` gets the lengths of all logs, the own ones among them. */
  sync(done: (durable: ReadonlyMap<WriterId, number>) => void): void {
    this.#syncLengths().then(done, (error: unknown) => this.#handleError(error))
  }

  /** Replicates every log over an authenticated connection to a peer. */
  replicate(stream: NoiseStream): void {
    if (this.#isClosing) stream.destroy()
    else this.#corestore.replicate(stream)
  }

  /** Leaves everything durable. The connections are closed before. */
  close(done: () => void): void {
    assert(!this.#isClosing, 'a log store is closed once')
    this.#isClosing = true
    if (this.#silenceTimer !== null) clearInterval(this.#silenceTimer)
    // What could not be stored was reported when it happened; closing changes nothing about it.
    this.#closeAll().then(done, done)
  }

  async #closeAll(): Promise<void> {
    for (const { opening } of this.#entries.values()) {
      const log = await opening.catch(() => null)
      await log?.close()
    }
    if (!this.#hasFailed) await this.#barrier.sync()
    await this.#barrier.close()
    await this.#corestore.close()
  }

  async #syncLengths(): Promise<ReadonlyMap<WriterId, number>> {
    const lengths = new Map<WriterId, number>()
    for (const [writer, { log }] of this.#entries) if (log !== null) lengths.set(writer, log.length)
    await this.#barrier.sync()
    for (const [writer, length] of lengths) this.#entries.get(writer)?.log?.noteDurable(length)
    return lengths
  }

  // Opening

  async #recover(): Promise<void> {
    const discoveryKeys: Buffer[] = []
    for await (const discoveryKey of this.#corestore.list()) discoveryKeys.push(discoveryKey)
    for (let start = 0; start < discoveryKeys.length; start += OPENING_MAX) {
      await Promise.all(discoveryKeys.slice(start, start + OPENING_MAX).map((key) => this.#recoverCore(key)))
    }
    for (const [writer, { log }] of this.#entries) {
      if (log !== null) this.#stored.push({ writer, key: log.key, length: log.length })
    }
    await this.#syncLengths()
  }

  async #recoverCore(discoveryKey: Buffer): Promise<void> {
    const { key } = present(await this.#corestore.storage.getAuth(discoveryKey), 'a listed core has a key')
    // Not active: it takes part in replication from the moment it is followed.
    const core = this.#corestore.get({ key, active: false, allowFork: false })
    await core.ready()
    const writer = await readWriter(core)
    if (writer === null || this.#entries.has(writer)) {
      this.#unnamedCount += 1
      await core.close()
      return
    }
    await this.#add(writer, this.#openLog(writer, core)).opening
  }

  #add(writer: WriterId, opening: Promise<HypercoreLog>): Entry {
    const entry: Entry = { opening, writable: null, log: null }
    this.#entries.set(writer, entry)
    opening.then(
      (log) => {
        entry.log = log
      },
      (error: unknown) => this.#handleError(error),
    )
    return entry
  }

  async #openOwn(writer: WriterId): Promise<HypercoreLog> {
    return this.#openLog(writer, (await this.#signerOf(writer)).openSession())
  }

  async #openByKey(writer: WriterId, key: LogKey): Promise<HypercoreLog> {
    const bytes = Buffer.from(present(fromHex(key), 'the key of a log is hexadecimal'))
    return this.#openLog(writer, this.#corestore.get({ key: bytes, active: false, allowFork: false }))
  }

  #openLog(writer: WriterId, core: Hypercore): Promise<HypercoreLog> {
    return HypercoreLog.open({
      writer,
      core,
      barrier: this.#barrier,
      onFailure: (failure) => this.#options.onFailure(writer, failure),
      onError: (error) => this.#handleError(error),
    })
  }

  async #makeWritable(writer: WriterId, entry: Entry): Promise<HypercoreLog> {
    const log = await entry.opening
    await log.becomeWritable(await this.#signerOf(writer))
    return log
  }

  /** The key is a function of the store's seed and the writer, so that a core that is lost is made again as the same. */
  async #signerOf(writer: WriterId): Promise<Signer> {
    const keyPair = await this.#corestore.createKeyPair(writer)
    const manifest = { version: 1 as const, signers: [{ publicKey: keyPair.publicKey }] }
    return { keyPair, openSession: () => this.#corestore.get({ keyPair, manifest, allowFork: false }) }
  }

  #dropSilentPeers(): void {
    const nowMs = performance.now()
    for (const { log } of this.#entries.values()) log?.dropSilentPeers(nowMs)
  }

  // Failing

  /** A log that can't be opened was reported already, when its opening failed. */
  #use(log: Promise<HypercoreLog>, use: (log: HypercoreLog) => void): void {
    log.then(
      (opened) => {
        if (!this.#isClosing) use(opened)
      },
      (error: unknown) => this.#handleError(error),
    )
  }

  #handleError(error: unknown): void {
    if (this.#isClosing) return
    const { directory } = this.#options
    const message = describe(error)
    this.#stop(
      new SkeinError(
        message.includes('No space left') ? 'DISK_FULL' : 'INTERNAL',
        `the logs in ${directory} can't be written or read (${message}): the node stops; look at the disk, then start it again`,
        { cause: error },
      ),
    )
  }

  #stop(failure: SkeinError): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#options.onFatal(failure)
  }
}

async function readWriter(core: Hypercore): Promise<WriterId | null> {
  const block = await core.get(0, { wait: false })
  if (block === null) return null
  try {
    return decodeHeader(block).writer
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}

/** An error's message with that of its cause: RocksDB names the reason only there. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
