import { beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, MalformedError, utf8, type WriterId } from '../../base/index.ts'
import { DEFAULT_GROUP, decodeMessage, type Effect } from '../../core/index.ts'
import { encodeMessage } from '../../core/message.ts'
import { PUSHED_BYTES_MAX, type PushedBlock, PushedBlocks } from '../../core/pushed-blocks.ts'

const WRITER = 'n1.00000001' as WriterId
const OTHER = 'n2.00000002' as WriterId

describe('pushed blocks', () => {
  let next: Map<WriterId, number>
  let effects: Effect[]
  let asked: number
  let isReady: boolean
  let isFull: boolean
  let pushed: PushedBlocks

  beforeEach(() => {
    next = new Map([
      [WRITER, 3],
      [OTHER, 1],
    ])
    effects = []
    asked = 0
    isReady = true
    isFull = false
    pushed = new PushedBlocks({
      group: DEFAULT_GROUP,
      isReady: () => isReady,
      nextOf: (writer) => next.get(writer) ?? null,
      isFull: () => isFull,
      emit: (effect) => effects.push(effect),
      askGather: () => {
        asked += 1
      },
    })
  })

  it('[LG5] the log store is asked for a block that is not here, once all of this disk is taken and while there is room', () => {
    pushed.receive(block(2))
    pushed.receive(block(3, 'n3.00000003' as WriterId))
    isReady = false
    pushed.receive(block(3))
    isReady = true
    isFull = true
    pushed.receive(block(3))
    expect(effects).toEqual([])
    isFull = false
    pushed.receive(block(3))
    expect(effects).toEqual([{ kind: 'insert', ...block(3) }])
    expect(pushed.hasWaiting).toBe(false)
  })

  it('[LG5] what the log store takes is journaled with the next durable write, and handed over when that has landed', () => {
    pushed.accept(block(3))
    pushed.accept(block(1, OTHER))
    pushed.accept(block(4))
    expect(asked).toBe(3)
    expect(pushed.launch()).toEqual([record(3), record(1, OTHER), record(4)])
    pushed.accept(block(5))
    expect(pushed.land()).toEqual([block(3), block(1, OTHER), block(4)])
    expect(pushed.land()).toEqual([])
    expect(pushed.launch()).toEqual([record(5)])
  })

  it('[LG5] a block that its log has brought meanwhile, or that does not follow, is left to its log', () => {
    pushed.accept(block(3))
    pushed.accept(block(3))
    pushed.accept(block(5))
    next.set(WRITER, 6)
    pushed.accept(block(4))
    pushed.accept(block(6))
    expect(pushed.launch()).toEqual([record(3), record(6)])
  })

  it('[LG5] what waits for the disk is bounded, and so is what one durable write takes', () => {
    const bytes = new Uint8Array(PUSHED_BYTES_MAX)
    for (let index = 3; index < 3 + 64; index++) pushed.accept({ writer: WRITER, index, block: { bytes, signature: utf8('s') } })
    pushed.receive(block(67))
    expect(effects).toEqual([])
    expect(pushed.launch()).toHaveLength(8)
    pushed.land()
    pushed.receive(block(67))
    expect(effects).toHaveLength(1)
  })

  it('[LG5] a message says which block of which log it is, with its signature, and is refused past the size of one', () => {
    const message = { kind: 'push' as const, ...block(7) }
    const decoded = decodeMessage(encodeMessage(message))
    expect(decoded).toMatchObject({ kind: 'push', writer: WRITER, index: 7 })
    expect(decoded.kind === 'push' && Object.values(decoded.block).map((bytes) => fromUtf8(bytes))).toEqual(['signature 7', 'block 7'])
    const large = { ...message, block: { bytes: new Uint8Array(PUSHED_BYTES_MAX + 1), signature: utf8('s') } }
    expect(() => decodeMessage(encodeMessage(large))).toThrow(MalformedError)
  })
})

function block(index: number, writer = WRITER): PushedBlock {
  return { writer, index, block: { bytes: utf8(`block ${index}`), signature: utf8(`signature ${index}`) } }
}

function record(index: number, writer = WRITER): object {
  return { kind: 'block', group: DEFAULT_GROUP, writer, index, whole: true, ...block(index).block }
}
