import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_GROUP } from '../../core/index.ts'
import { UdpLink } from '../../gossip/index.ts'
import { closed } from '../contract/transport.ts'
import { A, B, Loopback, type Member, peer, until } from './loopback.ts'

const LOST_WITHIN_MS = 4500
const BACK_WITHIN_MS = 1500

describe('two nodes over links that can be cut', () => {
  let loopback: Loopback
  let toA: UdpLink
  let toB: UdpLink

  beforeEach(async () => {
    loopback = new Loopback()
    toA = await UdpLink.open()
    toB = await UdpLink.open()
    loopback.onClose(() => toA.close())
    loopback.onClose(() => toB.close())
  })

  afterEach(() => loopback.close())

  async function startA(): Promise<Member> {
    const a = await loopback.start(A, { discovery: { kind: 'static', peers: [peer(B, toB.address.port)] } })
    toA.pointAt(a.transport.address)
    return a
  }

  async function startB(): Promise<Member> {
    const b = await loopback.start(B, { discovery: { kind: 'static', peers: [peer(A, toA.address.port)] } })
    toB.pointAt(b.transport.address)
    return b
  }

  function areConnected(a: Member, b: Member): boolean {
    return a.recorder.connected.has(B) && b.recorder.connected.has(A)
  }

  function setCut(isCut: boolean): void {
    for (const link of [toA, toB]) {
      if (isCut) link.cut()
      else link.heal()
    }
  }

  it('everything between the nodes goes through the links', async () => {
    const [a, b] = [await startA(), await startB()]
    await until('they are connected', () => areConnected(a, b))
    const before = toA.passed + toB.passed
    const bytes = 512 * 1024
    a.transport.send(B, DEFAULT_GROUP, new Uint8Array(bytes))
    b.transport.send(A, DEFAULT_GROUP, new Uint8Array(bytes))
    await until('both messages are there', () => a.recorder.messages.length + b.recorder.messages.length === 2)
    expect(toA.passed + toB.passed - before).toBeGreaterThan((2 * bytes) / 1500)
  })

  it('a cut is noticed by both ends, and its end too', async () => {
    const [a, b] = [await startA(), await startB()]
    await until('they are connected', () => areConnected(a, b))
    setCut(true)
    a.transport.send(B, DEFAULT_GROUP, Uint8Array.of(1))
    await until('both lost the other', () => a.recorder.connected.size + b.recorder.connected.size === 0, LOST_WITHIN_MS)
    setCut(false)
    await until('they are connected', () => areConnected(a, b), BACK_WITHIN_MS)
    expect(a.recorder.messages).toEqual([])
    expect(b.recorder.messages).toEqual([])
  })

  it('one direction in which the nodes can dial is enough', async () => {
    toB.cut()
    const a = await startA()
    const b = await startB()
    await until('they are connected', () => areConnected(a, b), BACK_WITHIN_MS)
    expect(a.transport.connection(B)?.isInitiator).toBe(false)
  })

  it('a peer that died without a word and is back replaces its dead connection at once', async () => {
    const a = await startA()
    const dead = await startB()
    await until('they are connected', () => areConnected(a, dead))
    setCut(true)
    await closed(dead.transport)
    const b = await startB()
    setCut(false)
    await until('they are connected again', () => a.recorder.connects(B) === 2 && areConnected(a, b), BACK_WITHIN_MS)
    expect(a.recorder.events.map(({ kind }) => kind)).toEqual(['connect', 'disconnect', 'connect'])
  })
})

describe('two nodes that dial each other at the same time', () => {
  it('keep one connection, the same at both ends', async () => {
    for (let round = 0; round < 5; round++) {
      const loopback = new Loopback()
      try {
        const [toA, toB] = [await UdpLink.open(), await UdpLink.open()]
        loopback.onClose(() => toA.close())
        loopback.onClose(() => toB.close())
        toA.cut()
        toB.cut()
        const a = await loopback.start(A, { discovery: { kind: 'static', peers: [peer(B, toB.address.port)] } })
        const b = await loopback.start(B, { discovery: { kind: 'static', peers: [peer(A, toA.address.port)] } })
        toA.pointAt(a.transport.address)
        toB.pointAt(b.transport.address)
        toA.heal()
        toB.heal()
        const isOne = () => a.transport.connections === 1 && b.transport.connections === 1
        await until('one connection is left', () => a.recorder.connected.has(B) && b.recorder.connected.has(A) && isOne())
        expect(a.transport.connection(B)?.isInitiator).toBe(!b.transport.connection(A)?.isInitiator)
        expect([a.recorder.connects(B), b.recorder.connects(A)]).toEqual([1, 1])
      } finally {
        await loopback.close()
      }
    }
  })
})
