/**
 * Virtual time: what is going to happen, in order. Nothing in a run waits for anything but this
 * queue, so a run is as fast as its events are, and equal moments are told apart by the order in
 * which they were scheduled: the same calls give the same run.
 *
 * Time inside is whole microseconds, so that sums of delays are exact on every machine. It is a
 * binary heap; a wheel of buckets was rejected, as delays range from microseconds to minutes.
 *
 * An event may belong to a *lane*: the life of one process. When the life is over its events
 * never happen; while it stands still they are held and happen, in order, when it goes on.
 */

import { assert, present } from '../base/index.ts'

export type Action = () => void

const US_PER_MS = 1000

interface Scheduled {
  readonly atUs: number
  readonly sequence: number
  readonly lane: Lane | null
  readonly action: Action
}

export class Lane {
  #state: 'running' | 'paused' | 'over' = 'running'
  /** Came while it stood still, in order. */
  #held: Scheduled[] = []
  /** Since when nothing comes from it, in microseconds: it is paused, or over. Infinity while it runs. */
  silentSinceUs = Number.POSITIVE_INFINITY

  get isOver(): boolean {
    return this.#state === 'over'
  }

  get isPaused(): boolean {
    return this.#state === 'paused'
  }

  /** Stands still from now on. */
  pause(nowUs: number): void {
    assert(this.#state === 'running', 'only what runs can be paused')
    this.#state = 'paused'
    this.silentSinceUs = nowUs
  }

  /** Nothing of it happens any more. */
  end(nowUs: number): void {
    if (this.#state === 'running') this.silentSinceUs = nowUs
    this.#state = 'over'
    this.#held = []
  }

  hold(event: Scheduled): void {
    this.#held.push(event)
  }

  /** Runs again; whoever calls schedules what is returned. */
  resume(): readonly Scheduled[] {
    assert(this.#state === 'paused', 'only what is paused can go on')
    this.#state = 'running'
    this.silentSinceUs = Number.POSITIVE_INFINITY
    const held = this.#held
    this.#held = []
    return held
  }
}

export class EventQueue {
  /** A binary heap. Invariant: an event is not before its parent, at (index - 1) >> 1. */
  readonly #heap: Scheduled[] = []
  #nowUs = 0
  #sequence = 0

  /** Virtual milliseconds since the start. */
  get nowMs(): number {
    return this.#nowUs / US_PER_MS
  }

  get nowUs(): number {
    return this.#nowUs
  }

  /** When the next event is due, in ms, or null if there is none. */
  get nextMs(): number | null {
    const next = this.#heap[0]
    return next === undefined ? null : next.atUs / US_PER_MS
  }

  /** Schedules `action` for a moment, to the microsecond; what is past happens now. */
  at(ms: number, action: Action): void {
    this.#push(Math.max(this.#nowUs, Math.round(ms * US_PER_MS)), null, action)
  }

  after(ms: number, action: Action): void {
    this.at(this.nowMs + ms, action)
  }

  /** Schedules `action` in whole microseconds from now, as part of a life. */
  schedule(delayUs: number, lane: Lane | null, action: Action): void {
    this.#push(this.#nowUs + delayUs, lane, action)
  }

  /** As `schedule`, for a moment from now on. */
  scheduleAt(atUs: number, lane: Lane | null, action: Action): void {
    assert(atUs >= this.#nowUs, 'time does not go back')
    this.#push(atUs, lane, action)
  }

  /** Lets a life that stood still go on: what it missed happens now, in order. */
  resume(lane: Lane): void {
    for (const { action } of lane.resume()) this.#push(this.#nowUs, lane, action)
  }

  /** Makes the next event happen. False if there is none. */
  runNext(): boolean {
    for (;;) {
      if (this.#heap.length === 0) return false
      const event = this.#pop()
      const { lane } = event
      this.#nowUs = event.atUs
      if (lane !== null) {
        if (lane.isOver) continue
        if (lane.isPaused) {
          lane.hold(event)
          continue
        }
      }
      event.action()
      return true
    }
  }

  #push(atUs: number, lane: Lane | null, action: Action): void {
    assert(Number.isSafeInteger(atUs), 'time is whole microseconds')
    const event: Scheduled = { atUs, sequence: this.#sequence++, lane, action }
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(event, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  #pop(): Scheduled {
    const heap = this.#heap
    const first = present(heap[0], 'the queue has an event')
    const last = present(heap.pop(), 'the queue has an event')
    const { length } = heap
    if (length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      let below = heap[child]
      if (below === undefined) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, below)) {
        below = right
        child += 1
      }
      if (!isBefore(below, last)) break
      heap[index] = below
      index = child
    }
    heap[index] = last
    return first
  }
}

function isBefore(left: Scheduled, right: Scheduled): boolean {
  return left.atUs < right.atUs || (left.atUs === right.atUs && left.sequence < right.sequence)
}
