/**
 * Exact declarations of what is used of the hypercore family, which ships none. Streams are
 * streamx, not Node's, so they are typed as event emitters. Only what is called is declared.
 */

declare module 'compact-encoding' {
  export interface State {
    start: number
    end: number
    buffer: Uint8Array | null
  }
  export interface Encoding<T> {
    preencode(s: State, v: T): void
    encode(s: State, v: T): void
    decode(s: State): T
  }
  const c: {
    uint: Encoding<number>
    string: Encoding<string>
    raw: Encoding<Buffer>
    buffer: Encoding<Buffer | null>
    fixed32: Encoding<Buffer>
    encode<T>(e: Encoding<T>, v: T): Buffer
    decode<T>(e: Encoding<T>, b: Uint8Array): T
  }
  export default c
}
declare module '@hyperswarm/secret-stream' {
  import type { EventEmitter } from 'node:events'
  export interface StreamEvents {
    open: []
    drain: []
    close: []
    error: [Error & { code?: string }]
    message: [datagram: Buffer]
    data: [frame: Buffer]
  }
  export interface NoiseStream extends EventEmitter<StreamEvents> {
    readonly isInitiator: boolean
    readonly publicKey: Buffer
    readonly remotePublicKey: Buffer
    readonly handshakeHash: Buffer
    readonly destroying: boolean
    readonly destroyed: boolean
    readonly rawBytesRead: number
    readonly rawBytesWritten: number
    /** Private to streamx: bytes written and not yet handed to the socket. The only measure of an unread connection. */
    readonly _writableState: { readonly buffered: number }
    readonly rawStream: { readonly rtt: number; readonly remoteHost: string; readonly remotePort: number }
    setTimeout(ms: number): void
    setKeepAlive(ms: number): void
    trySend(datagram: Buffer): void
    pause(): this
    resume(): this
    write(frame: Buffer): boolean
    destroy(err?: Error): this
  }
  /** The raw stream below; two of them piped into each other are a connection without a network. */
  export interface RawStream {
    pipe(to: RawStream): RawStream
    destroy(err?: Error): void
  }
  const SecretStream: new (
    isInitiator: boolean,
    rawStream?: import('node:stream').Duplex,
  ) => Omit<NoiseStream, 'rawStream'> & { readonly rawStream: NoiseStream['rawStream'] & RawStream }
  export default SecretStream
}
declare module 'protomux' {
  import type { NoiseStream } from '@hyperswarm/secret-stream'
  import type { Encoding, State } from 'compact-encoding'
  export interface Message<T> {
    send(m: T): boolean
  }
  export interface Channel<H> {
    readonly opened: boolean
    readonly closed: boolean
    readonly drained: boolean
    readonly handshake: H | null
    readonly messages: Message<any>[]
    addMessage<T>(o: { encoding: Encoding<T>; onmessage: (m: T) => void }): Message<T>
    open(handshake: H): void
    close(): void
    cork(): void
    uncork(): void
    fullyOpened(): Promise<boolean>
  }
  export default class Protomux {
    static from(s: NoiseStream): Protomux
    readonly stream: NoiseStream
    constructor(stream: NoiseStream)
    /** Private to protomux: every frame that arrives, and those that hold several. */
    protected _ondata(frame: Buffer): void
    protected _onbatch(state: State): void
    cork(): void
    uncork(): void
    createChannel<H>(o: {
      protocol: string
      id?: Buffer | null
      handshake?: Encoding<H>
      messages?: { encoding: Encoding<any>; onmessage?: (m: any, c: Channel<H>) => void }[]
      onopen?: (h: H, c: Channel<H>) => void
      onclose?: (isRemote: boolean) => void
      ondrain?: () => void
    }): Channel<H> | null
  }
}
declare module 'hypercore' {
  import type { EventEmitter } from 'node:events'
  export interface KeyPair {
    publicKey: Buffer
    secretKey: Buffer
  }
  export interface Manifest {
    version: 1
    signers: { publicKey: Buffer }[]
  }
  export interface Peer {
    readonly paused: boolean
    /** Requests to it that it has not answered. */
    readonly inflight: number
    /** Answers of it that are being verified and stored. */
    readonly dataProcessing: number
    /** False while it takes no blocks of this core. */
    readonly remoteDownloading: boolean
    /** Tells it how long this core is here, and how long it is known to be there. */
    sendSync(): void
    readonly remoteFork: number
    readonly remoteLength: number
    readonly remotePublicKey: Buffer
    readonly stream: { destroy(err?: Error): void }
  }
  export interface WriteTx {
    deleteBlockRange(a: number, b: number): void
    deleteTreeNodeRange(a: number, b: number): void
    deleteBitfieldPageRange(a: number, b: number): void
    deleteHead(): void
    flush(): Promise<void>
  }
  export interface ReadTx {
    getBlock(i: number): Promise<Buffer | null>
    tryFlush(): void
  }
  export interface CoreStorage {
    readonly core: object
    read(): ReadTx
    write(): WriteTx
  }
  /** `recovering`: when the store lost its log; an append then waits for peers until it is 0. */
  export interface TreeBatch {
    append(block: Uint8Array): void
    /** Hashes below the roots, for whoever stores them. */
    readonly nodes: unknown[]
  }
  export interface InternalCore {
    readonly header: { readonly hints: { recovering: number } }
    readonly state: { createTreeBatch(): TreeBatch }
    readonly verifier: { sign(batch: TreeBatch, keyPair: KeyPair): Buffer }
    readonly bitfield: { firstUnset(i: number): number }
    readonly storage: CoreStorage
    close(): Promise<void>
    readonly replicator: {
      allowFork: boolean
      /** Asks peers for nothing while it is set. */
      setPushOnly(isPushOnly: boolean): void
      /** Looks again at what is to be asked of a peer. */
      updatePeer(peer: Peer): void
      setInflightRange(min: number, max: number): void
      readonly stats: { notAvailableBackoffs: number; invalidData: number }
    }
  }
  export interface Events {
    append: []
    truncate: [length: number, fork: number]
    download: [index: number, bytes: number, from: Peer]
    'peer-add': [Peer]
    'peer-remove': [Peer]
    conflict: [length: number, fork: number, proof: unknown]
    'verification-error': [Error, unknown, unknown, Peer]
    close: []
  }
  export default class Hypercore extends EventEmitter<Events> {
    static key(manifest: Manifest): Buffer
    static treeHashFromStorage(c: Hypercore, length?: number): Promise<Buffer>
    readonly key: Buffer
    readonly discoveryKey: Buffer
    readonly length: number
    readonly contiguousLength: number
    readonly fork: number
    readonly writable: boolean
    readonly opened: boolean
    readonly closed: boolean
    readonly closing: Promise<void> | null
    readonly peers: Peer[]
    readonly core: InternalCore
    ready(): Promise<void>
    close(): Promise<void>
    session(): Hypercore
    setActive(isActive: boolean): void
    /** Appends nothing if the core would become longer than `maxLength`. */
    append(
      b: Uint8Array | readonly Uint8Array[],
      o?: { keyPair?: KeyPair; signature?: Uint8Array; maxLength?: number },
    ): Promise<{ length: number; byteLength: number }>
    get(i: number, o: { wait: false }): Promise<Buffer | null>
    get(i: number, o?: { timeout?: number }): Promise<Buffer>
    has(a: number, b?: number): Promise<boolean>
    clear(a: number, b: number): Promise<null>
    treeHash(length?: number): Promise<Buffer>
    download(r: { start: number; end: number; linear?: boolean }): { done(): Promise<boolean>; destroy(): void }
  }
}
declare module 'corestore' {
  import type { NoiseStream } from '@hyperswarm/secret-stream'
  import type Hypercore from 'hypercore'
  import type { InternalCore, KeyPair } from 'hypercore'
  export default class Corestore {
    constructor(dir: string, o?: { allowBackup?: boolean; primaryKey?: Buffer; unsafe?: boolean })
    readonly storage: {
      readonly rocks: { readonly path: string }
      readonly db: { flush(): Promise<void>; compactRange(): Promise<void> }
      deleteCore(ptr: object): Promise<void>
      getAuth(discoveryKey: Buffer): Promise<{ readonly key: Buffer } | null>
      hasCore(discoveryKey: Buffer): Promise<boolean>
    }
    readonly cores: { get(discoveryKey: Buffer): InternalCore | null; readonly size: number }
    ready(): Promise<void>
    close(): Promise<void>
    createKeyPair(name: string): Promise<KeyPair>
    replicate(s: NoiseStream): NoiseStream
    list(): AsyncIterable<Buffer>
    get(o: {
      key?: Buffer
      name?: string
      keyPair?: KeyPair
      manifest?: { version: 1; signers: { publicKey: Buffer }[] }
      active?: boolean
      allowFork?: boolean
      inflightRange?: [number, number]
      notDownloadingLinger?: number
    }): Hypercore
  }
}
declare module 'hyperdht' {
  import type { NoiseStream } from '@hyperswarm/secret-stream'
  import type { KeyPair } from 'hypercore'
  export interface Address {
    readonly host: string
    readonly port: number
  }
  export interface ConnectOptions {
    relayAddresses?: Address[] | null
    localConnection?: boolean
    keyPair?: KeyPair
  }
  /** How long an answer is waited for before a request is sent again, in ms; without it 1000. */
  export interface AdaptiveTimeout {
    min?: number
    max?: number
    jitter?: number
    fallback?: readonly number[]
  }
  export interface Options {
    host?: string
    port?: number | readonly [from: number, to: number]
    anyPort?: boolean
    bootstrap?: Address[]
    ephemeral?: boolean
    firewalled?: boolean
    keyPair?: KeyPair
    connectionKeepAlive?: number
    adaptiveTimeout?: AdaptiveTimeout
  }
  export interface DhtRequest {
    readonly command: number
    readonly target: Buffer | null
    error(code: number, o?: { token?: boolean; closerNodes?: boolean }): void
  }
  export interface Server {
    readonly listening: boolean
  }
  export default class HyperDHT {
    constructor(o: Options)
    static keyPair(seed?: Buffer): KeyPair
    static hash(data: Buffer): Buffer
    connect(key: Buffer, o?: ConnectOptions): NoiseStream
    createServer(o: object, onconnection: (stream: NoiseStream) => void): Server
    onrequest(request: DhtRequest): boolean
    validateLocalAddresses(addresses: Address[]): Promise<Address[]>
    bind(): Promise<void>
    ready(): Promise<void>
    address(): Address
    destroy(o?: { force?: boolean }): Promise<void>
  }
}
declare module 'hyperswarm' {
  import type { EventEmitter } from 'node:events'
  import type { NoiseStream } from '@hyperswarm/secret-stream'
  import type { KeyPair } from 'hypercore'
  import type HyperDHT from 'hyperdht'
  export interface PeerInfo {
    readonly publicKey: Buffer
    readonly banned: boolean
    readonly explicit: boolean
    ban(v: boolean): void
  }
  export interface DiscoverySession {
    refresh(o: { server: boolean; client: boolean }): Promise<boolean>
    destroy(): Promise<void>
  }
  export default class Hyperswarm extends EventEmitter<{ connection: [NoiseStream, PeerInfo]; update: []; ban: [PeerInfo, Error] }> {
    /** `firewall` is asked for incoming connections with their payload, for outgoing ones with null; true refuses. */
    constructor(o: {
      dht: HyperDHT
      keyPair: KeyPair
      firewall?: (key: Buffer, payload: object | null) => boolean
      backoffs?: readonly number[]
      jitter?: number
      maxParallel?: number
      maxPeers?: number
    })
    readonly dht: HyperDHT
    readonly connections: Set<NoiseStream>
    readonly peers: Map<string, PeerInfo>
    listen(): Promise<void>
    join(topic: Buffer, o: { server: boolean; client: boolean }): DiscoverySession
    joinPeer(key: Buffer): void
    leavePeer(key: Buffer): void
    destroy(o?: { force?: boolean }): Promise<void>
  }
}
