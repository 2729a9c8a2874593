import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Prng } from '../../base/index.ts'
import { drawExponentialUs, drawUniformUs } from '../../sim/chance.ts'
import { EventQueue, Lane } from '../../sim/event-queue.ts'

describe('the event queue', () => {
  it('[Determinism] runs events by their time, and those of one moment in the order of scheduling', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (times) => {
        const queue = new EventQueue()
        const ran: { at: number; order: number }[] = []
        for (const [order, at] of times.entries()) queue.at(at, () => ran.push({ at: queue.nowMs, order }))
        while (queue.runNext());
        const expected = times.map((at, order) => ({ at, order })).toSorted((left, right) => left.at - right.at || left.order - right.order)
        expect(ran).toEqual(expected)
      }),
    )
  })

  it('runs what an event schedules for now after what was there before', () => {
    const queue = new EventQueue()
    const ran: string[] = []
    queue.at(1, () => {
      ran.push('first')
      queue.after(0, () => ran.push('third'))
    })
    queue.at(1, () => ran.push('second'))
    while (queue.runNext());
    expect(ran).toEqual(['first', 'second', 'third'])
  })

  it('keeps microseconds, and takes what is past as now', () => {
    const queue = new EventQueue()
    const times: number[] = []
    queue.at(0.0014, () => times.push(queue.nowMs))
    queue.at(2, () => queue.at(1, () => times.push(queue.nowMs)))
    while (queue.runNext());
    expect(times).toEqual([0.001, 2])
  })

  it('drops the events of a life that is over', () => {
    const queue = new EventQueue()
    const lane = new Lane()
    const ran: string[] = []
    queue.schedule(10, lane, () => ran.push('before'))
    queue.schedule(30, lane, () => ran.push('after'))
    queue.schedule(20, null, () => lane.end(queue.nowUs))
    while (queue.runNext());
    expect(ran).toEqual(['before'])
  })

  it('holds the events of a life that stands still, and lets them happen in order when it goes on', () => {
    const queue = new EventQueue()
    const lane = new Lane()
    const ran: string[] = []
    lane.pause(queue.nowUs)
    for (const name of ['one', 'two', 'three']) queue.schedule(name.length, lane, () => ran.push(`${name} at ${queue.nowMs}`))
    queue.at(5, () => queue.resume(lane))
    while (queue.runNext());
    expect(ran).toEqual(['one at 5', 'two at 5', 'three at 5'])
  })
})

describe('drawn durations', () => {
  it('are exponential: the mean is right, and e times as long is e times rarer', () => {
    const random = new Prng(5)
    const draws = Array.from({ length: 40_000 }, () => drawExponentialUs(random, 10))
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
    const shareOver = (ms: number): number => draws.filter((draw) => draw > ms * 1000).length / draws.length
    expect(mean).toBeGreaterThan(9_700)
    expect(mean).toBeLessThan(10_300)
    expect(shareOver(10)).toBeGreaterThan(0.33)
    expect(shareOver(10)).toBeLessThan(0.41)
    expect(shareOver(30)).toBeGreaterThan(0.03)
    expect(shareOver(30)).toBeLessThan(0.07)
  })

  it('are whole microseconds', () => {
    const random = new Prng(6)
    for (let i = 0; i < 1000; i++) {
      expect(Number.isInteger(drawExponentialUs(random, 0.3))).toBe(true)
      expect(Number.isInteger(drawUniformUs(random, 1.5))).toBe(true)
    }
  })
})
