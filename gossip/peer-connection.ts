/**
 * One connection to a peer, from the hello to the close. It multiplexes a channel for messages
 * over the Noise stream that also carries the logs, and keeps the rules of both ends:
 *
 * 1. both hellos cross at once, sealed (`handshake.ts`);
 * 2. each end checks the other's hello, synchronously, because replication must be attached in
 *    the same tick or logs that are not open are never served on this connection;
 * 3. each end answers with a verdict, welcome or a refusal; with both welcomes it is *up*, so
 *    neither end takes for a peer one that is about to close on it.
 *
 * A connection never decides whether it is wanted; the transport does, when asked with a hello.
 */

import type { NoiseStream } from '@hyperswarm/secret-stream'
import c, { type Encoding, type State } from 'compact-encoding'
import type { Channel, Message } from 'protomux'
import { assert, binaryFromBytes, present, unreachable, writeBinary } from '../base/index.ts'
import { type GroupName, type PeerRefusal, parseGroupName } from '../core/index.ts'
import type { ClusterSecret } from './cluster-secret.ts'
import { GuardedMux } from './guarded-mux.ts'
import { type Hello, openHello, sealHello } from './handshake.ts'
import type { TransportLimits } from './limits.ts'
import type { RefusalReason } from './refusals.ts'

/** What the transport says to a verified hello. */
export type Verdict =
  | { readonly kind: 'welcome' }
  /** Another connection to the peer is about to be up: `welcome` is called if that one fails. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'refuse'; readonly refusal: PeerRefusal }
  /** This node is closing: so does the connection, without a word. */
  | { readonly kind: 'ignore' }

export interface PeerConnectionEvents {
  /** Asked once, before any replication. */
  onHello(connection: PeerConnection, hello: Hello): Verdict
  /** Both ends welcomed each other. */
  onUp(connection: PeerConnection): void
  onMessage(connection: PeerConnection, group: GroupName, message: Uint8Array): void
  /** The peer refused this node. */
  onRefused(connection: PeerConnection, refusal: PeerRefusal): void
  /** This end closes the connection, for a reason that is to be counted. */
  onRefuse(connection: PeerConnection, reason: RefusalReason): void
  /** Called once, last. */
  onClose(connection: PeerConnection): void
}

export interface PeerConnectionOptions {
  readonly stream: NoiseStream
  readonly secret: ClusterSecret
  readonly self: Hello
  readonly limits: TransportLimits
  /** Attaches the logs to a verified connection. */
  readonly replicate: (stream: NoiseStream) => void
  readonly events: PeerConnectionEvents
}

type Phase =
  /** Hellos are on their way. */
  | { readonly kind: 'greeting' }
  /** The peer's hello is good; one of the verdicts or both are awaited. */
  | { readonly kind: 'verified'; readonly peer: Hello; readonly welcomed: boolean; readonly isWelcome: boolean }
  | { readonly kind: 'up'; readonly peer: Hello }
  /** Nothing is taken any more; the last words may still be leaving. */
  | { readonly kind: 'closing'; readonly peer: Hello | null }

interface GroupMessage {
  /** As received, unchecked. */
  readonly group: string
  readonly message: Uint8Array
}

const PROTOCOL = 'skein/peer'
const WELCOME = 0
const NAME_IN_USE = 1
const REMOVED = 2
/** For a refusal to reach the peer before the connection closes; the peer closes it earlier. */
const PARTING_MS = 500

export class PeerConnection {
  readonly stream: NoiseStream
  readonly #options: PeerConnectionOptions
  readonly #verdicts: Message<number>
  readonly #messages: Message<GroupMessage>
  #phase: Phase = { kind: 'greeting' }
  /** Of the hello, later of the parting. */
  #deadline: NodeJS.Timeout

  private constructor(options: PeerConnectionOptions, channel: Channel<Buffer>) {
    const { limits } = options
    this.stream = options.stream
    this.#options = options
    this.#verdicts = channel.addMessage({ encoding: c.uint, onmessage: (code) => this.#onVerdict(code) })
    this.#messages = channel.addMessage({ encoding: groupMessageEncoding, onmessage: (message) => this.#onMessage(message) })
    this.#deadline = setTimeout(() => this.#refuse('silent'), limits.helloTimeoutMs)
  }

  /**
   * Says hello on a stream that was opened in this very tick, and checks who answers. A channel
   * made later would be rejected by the other end for good.
   */
  static greet(options: PeerConnectionOptions): PeerConnection {
    const { stream, secret, self, limits } = options
    const mux = GuardedMux.over(stream, () => connection.#refuse('oversized'))
    const channel = present(
      mux.createChannel<Buffer>({
        protocol: PROTOCOL,
        handshake: c.raw,
        onopen: (sealed) => {
          connection.#onHello(sealed)
          if (connection.isVerified) mux.trust()
        },
        onclose: () => connection.close(),
      }),
      'an open stream takes a channel',
    )
    const connection = new PeerConnection(options, channel)
    stream.on('error', () => {
      // Every way in which a connection fails ends in 'close', which says all that matters.
    })
    stream.once('close', () => connection.#onClose())
    stream.setKeepAlive(limits.keepAliveMs)
    stream.setTimeout(limits.silenceTimeoutMs)
    channel.open(Buffer.from(sealHello(secret, stream, self)))
    return connection
  }

  /** Who it is, once verified. */
  get peer(): Hello | null {
    return this.#phase.kind === 'greeting' ? null : this.#phase.peer
  }

  get isVerified(): boolean {
    return this.#phase.kind === 'verified' || this.#phase.kind === 'up'
  }

  get isUp(): boolean {
    return this.#phase.kind === 'up'
  }

  get isClosing(): boolean {
    return this.#phase.kind === 'closing'
  }

  /** True while the peer's hello is good and this node has not answered it. */
  get isWaiting(): boolean {
    return this.#phase.kind === 'verified' && !this.#phase.welcomed
  }

  /** Welcomes a peer that had to wait. */
  welcome(): void {
    if (this.#phase.kind !== 'verified' || this.#phase.welcomed) return
    this.#phase = { ...this.#phase, welcomed: true }
    this.#verdicts.send(WELCOME)
    this.#riseIfWelcome()
  }

  /** Sends in order. What is sent while it is not up is dropped. */
  send(group: GroupName, message: Uint8Array): void {
    const { messageBytesMax, unsentBytesMax } = this.#options.limits
    assert(message.length <= messageBytesMax, 'a message is over the limit of a message')
    if (this.#phase.kind !== 'up' || this.stream.destroying) return
    this.#messages.send({ group, message })
    // The stream takes everything and never says stop: the bound is ours to keep.
    if (this.stream._writableState.buffered > unsentBytesMax) this.#refuse('not-reading')
  }

  /** For a peer whose message was delivered and turned out to be none. */
  expel(): void {
    this.#refuse('malformed')
  }

  close(): void {
    this.#enterClosing()
    this.stream.destroy()
  }

  #onHello(sealed: Buffer): void {
    if (this.#phase.kind !== 'greeting' || this.stream.destroying) return
    const { secret, events, replicate } = this.#options
    const outcome = openHello(secret, this.stream, this.stream.remotePublicKey, sealed)
    if (outcome.kind === 'refused') return this.#refuse(outcome.reason)
    this.#phase = { kind: 'verified', peer: outcome.hello, welcomed: false, isWelcome: false }
    const verdict = events.onHello(this, outcome.hello)
    switch (verdict.kind) {
      case 'ignore':
        return this.close()
      case 'refuse':
        events.onRefuse(this, reasonOf(verdict.refusal))
        return this.#part(codeOf(verdict.refusal))
      case 'welcome':
        this.welcome()
        return replicate(this.stream)
      case 'wait':
        return replicate(this.stream)
      default:
        return unreachable(verdict)
    }
  }

  #onVerdict(code: number): void {
    const phase = this.#phase
    if (phase.kind === 'closing') return
    if (phase.kind !== 'verified' || phase.isWelcome) return this.#refuse('malformed')
    switch (code) {
      case WELCOME:
        this.#phase = { ...phase, isWelcome: true }
        return this.#riseIfWelcome()
      case NAME_IN_USE:
        this.#options.events.onRefused(this, 'NAME_IN_USE')
        return this.close()
      case REMOVED:
        this.#options.events.onRefused(this, 'REMOVED')
        return this.close()
      default:
        return this.#refuse('malformed')
    }
  }

  #riseIfWelcome(): void {
    const phase = this.#phase
    if (phase.kind !== 'verified' || !phase.welcomed || !phase.isWelcome) return
    clearTimeout(this.#deadline)
    this.#phase = { kind: 'up', peer: phase.peer }
    this.#options.events.onUp(this)
  }

  #onMessage({ group: text, message }: GroupMessage): void {
    if (this.#phase.kind === 'closing') return
    if (message.length > this.#options.limits.messageBytesMax) return this.#refuse('oversized')
    const group = parseGroupName(text)
    // Its welcome came before its first message, so a message to one that is not up breaks the protocol.
    if (group === null || this.#phase.kind !== 'up') return this.#refuse('malformed')
    this.#options.events.onMessage(this, group, message)
  }

  #refuse(reason: RefusalReason): void {
    if (this.#phase.kind === 'closing') return
    this.#options.events.onRefuse(this, reason)
    this.close()
  }

  /** Says the last word and leaves the peer a moment to hear it. */
  #part(code: number): void {
    this.#enterClosing()
    this.#verdicts.send(code)
    this.#deadline = setTimeout(() => this.stream.destroy(), PARTING_MS)
  }

  #enterClosing(): void {
    clearTimeout(this.#deadline)
    if (this.#phase.kind !== 'closing') this.#phase = { kind: 'closing', peer: this.peer }
  }

  #onClose(): void {
    this.#enterClosing()
    this.#options.events.onClose(this)
  }
}

/** The name of the group with its length in one byte, then the message up to the end. */
const groupMessageEncoding: Encoding<GroupMessage> = {
  preencode(state: State, { group, message }: GroupMessage): void {
    state.end += 1 + group.length + message.length
  },
  encode(state: State, { group, message }: GroupMessage): void {
    const target = present(state.buffer, 'the buffer is allocated before the encoding')
    target[state.start] = group.length
    writeBinary(target, state.start + 1, group)
    target.set(message, state.start + 1 + group.length)
    state.start += 1 + group.length + message.length
  },
  /** Takes what comes: a length past the end gives the empty name, which is none. */
  decode(state: State): GroupMessage {
    const source = present(state.buffer, 'there is something to decode')
    const nameStart = state.start + 1
    const nameEnd = nameStart + (source[state.start] ?? 0)
    const group = nameEnd > state.end ? '' : binaryFromBytes(source, nameStart, nameEnd)
    const message = source.subarray(Math.min(nameEnd, state.end), state.end)
    state.start = state.end
    return { group, message }
  },
}

function codeOf(refusal: PeerRefusal): number {
  switch (refusal) {
    case 'NAME_IN_USE':
      return NAME_IN_USE
    case 'REMOVED':
      return REMOVED
    default:
      return unreachable(refusal)
  }
}

function reasonOf(refusal: PeerRefusal): RefusalReason {
  switch (refusal) {
    case 'NAME_IN_USE':
      return 'name-in-use'
    case 'REMOVED':
      return 'removed'
    default:
      return unreachable(refusal)
  }
}
