/**
 * Somebody who speaks the lower layers well and the protocol of the cluster badly: a raw
 * connection with any key, on which a test says what it likes.
 */

import type { NoiseStream } from '@hyperswarm/secret-stream'
import c from 'compact-encoding'
import type { KeyPair } from 'hypercore'
import HyperDHT, { type Address } from 'hyperdht'
import Protomux, { type Message } from 'protomux'
import { present } from '../../base/index.ts'
import { HOST, until } from './loopback.ts'

export class Stranger {
  readonly stream: NoiseStream
  readonly #dht: HyperDHT
  readonly #keyPair: KeyPair
  #target: { readonly address: Address; readonly publicKey: Buffer }
  #messages: Message<Buffer> | null = null
  /** The hello that the node sent. */
  received: Buffer | null = null
  verdict: number | null = null
  isClosed = false

  private constructor(dht: HyperDHT, keyPair: KeyPair, target: { address: Address; publicKey: Buffer }) {
    this.#dht = dht
    this.#keyPair = keyPair
    this.#target = target
    this.stream = this.connectAgain()
    this.stream.on('close', () => {
      this.isClosed = true
    })
  }

  /** Dials the node with `publicKey` at `address`, as the holder of `keyPair`. */
  static async connect(address: Address, publicKey: Buffer, keyPair: KeyPair): Promise<Stranger> {
    const dht = new HyperDHT({ host: HOST, port: [0, 0], bootstrap: [], ephemeral: true, firewalled: false, connectionKeepAlive: 1000 })
    await dht.bind()
    return new Stranger(dht, keyPair, { address, publicKey })
  }

  connectAgain(): NoiseStream {
    const { address, publicKey } = this.#target
    const stream = this.#dht.connect(publicKey, { relayAddresses: [address], localConnection: false, keyPair: this.#keyPair })
    stream.on('error', () => {})
    return stream
  }

  /** Opens the protocol's channel and says `hello`. */
  async greet(hello: (stream: NoiseStream) => Uint8Array): Promise<void> {
    await until('the stranger is connected', () => this.stream.handshakeHash !== null)
    const channel = present(
      Protomux.from(this.stream).createChannel<Buffer>({
        protocol: 'skein/peer',
        handshake: c.raw,
        onopen: (sealed) => {
          this.received = Buffer.from(sealed)
        },
      }),
      'an open stream takes a channel',
    )
    const verdicts = channel.addMessage({
      encoding: c.uint,
      onmessage: (code) => {
        this.verdict = code
      },
    })
    this.#messages = channel.addMessage({ encoding: c.raw, onmessage: () => {} })
    channel.open(Buffer.from(hello(this.stream)))
    verdicts.send(0)
  }

  /** Writes a frame below the protocol of channels. */
  async sendRaw(frame: Uint8Array): Promise<void> {
    await until('the stranger is connected', () => this.stream.handshakeHash !== null)
    this.stream.write(Buffer.from(frame))
  }

  send(frame: Uint8Array): void {
    present(this.#messages, 'a stranger greets before it sends').send(Buffer.from(frame))
  }

  async close(): Promise<void> {
    await this.#dht.destroy({ force: true })
  }
}
