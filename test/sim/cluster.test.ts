import { describe, expect, it } from 'vitest'
import { keyFromText, Prng } from '../../base/index.ts'
import { type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import type { Fault, KillPoint } from '../../sim/fault.ts'
import { EPOCH_WALL_MS } from '../../sim/simulated-clock.ts'
import { ClusterRun } from './cluster-run.ts'
import { CALM } from './turning.ts'

/** A little of everything, at moments that only the seed knows. */
function storm(seed: number): ClusterRun {
  const run = ClusterRun.start(seed)
  const random = new Prng(seed + 1)
  for (let step = 0; step < 60; step++) {
    for (let call = 0; call < 5; call++) run.set(random.below(3), `k${random.below(10)}`, `${step}`)
    const node = random.below(3)
    const stopping = { atMs: run.cluster.atMs, nodes: [node], downMs: 200 + random.below(2000) }
    const lasting = { atMs: run.cluster.atMs, durationMs: 100 + random.below(5000) }
    const directions = [[node, (node + 1) % 3] as const]
    const faults: Fault[] = [
      { kind: 'kill', point: null, ...stopping },
      { kind: 'power', ...stopping, nodes: [0, 1, 2] },
      { kind: 'restore', ageMs: 2000, ...stopping },
      { kind: 'wipe', ...stopping },
      { kind: 'partition', shape: 'one-way', directions, ...lasting },
      { kind: 'pause', node, ...lasting },
      { kind: 'clog', direction: [node, (node + 2) % 3], ...lasting },
    ]
    const fault = faults[random.below(faults.length * 3)]
    if (fault !== undefined) run.cluster.strike(fault)
    run.elapse(random.below(500))
  }
  return run
}

describe('a simulated cluster', () => {
  it('[Determinism] takes the same way for the same seed, to the last event, and another one for another', () => {
    const [first, again, other] = [storm(11), storm(11), storm(12)]
    expect([again.hash, again.events.length]).toEqual([first.hash, first.events.length])
    expect(other.hash).not.toBe(first.hash)
  })

  it('[Liveness] converges after a storm, once it is calm', () => {
    const run = storm(13)
    run.cluster.calm()
    run.until('all serve', () => run.isWhole())
    run.until('all have applied the same', () => run.isConverged())
    expect(run.count('stopped')).toBeGreaterThan(0)
    expect(run.write(1, 'afterwards').kind).toBe('answered')
  })

  it('[WR2] answers a write only after it is durable, and tells of it in that order', () => {
    const run = ClusterRun.start()
    const from = run.events.length
    expect(run.write(0, 'a')).toMatchObject({ kind: 'answered', reply: { kind: 'committed' } })
    const kinds = run.events.slice(from).flatMap(({ happening }) => ('node' in happening && happening.node === 0 ? [happening.kind] : []))
    expect(kinds.slice(0, 3)).toEqual(['sealed', 'persisted', 'applied'])
  })

  it('[CausalApply] tells each move of a frontier, right after it', () => {
    const run = ClusterRun.start(21)
    const told = new Map<number, number>()
    let seen = 0
    const compare = (): void => {
      for (; seen < run.events.length; seen++) {
        const happening = run.events[seen]?.happening
        if (happening?.kind === 'started') told.set(happening.node, 0)
        if (happening?.kind === 'applied') told.set(happening.node, sum(happening.frontier))
      }
      for (const node of run.cluster.nodes) if (node.isUp) expect(sum(node.frontier)).toBe(told.get(node.index))
    }
    for (let step = 0; step < 40; step++) {
      for (let node = 0; node < 3; node++) run.set(node, `k${step % 4}`)
      if (step % 10 === 5) run.cluster.strike({ kind: 'kill', point: null, atMs: 0, nodes: [step % 3], downMs: 300 })
      for (let event = 0; event < 60; event++) {
        run.cluster.queue.runNext()
        compare()
      }
    }
    expect(Math.max(...told.values())).toBeGreaterThan(20)
  })

  it('[CA2] hands an entry on through a node between', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'partition', shape: 'bridge', atMs: 0, durationMs: 30_000, directions: both(0, 2) })
    run.until('0 and 2 are apart', () => !run.isWhole())
    run.write(0, 'over the bridge')
    run.until('node 2 has it', () => run.cluster.nodes[2]?.frontier.size === 1)
    const transfers = run.happened('sent').filter(({ content }) => content.kind === 'blocks')
    expect(transfers.map(({ from, to }) => [from, to])).toContainEqual([1, 2])
    expect(transfers.map(({ from, to }) => [from, to])).not.toContainEqual([0, 2])
  })

  it('gives each call one outcome, never at once', () => {
    const run = ClusterRun.start()
    let isReturned = false
    let calls = 0
    run.cluster.request(0, { kind: 'status' }, () => {
      expect(isReturned).toBe(true)
      calls += 1
    })
    isReturned = true
    run.elapse(1000)
    expect(calls).toBe(1)
  })

  it('reaches no node that is down, and knows nothing of what was going on in one that dies', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'disk-slow', atMs: 0, durationMs: 20_000, node: 0, factor: 1000 })
    run.set(0, 'in flight')
    run.elapse(50)
    run.cluster.strike({ kind: 'kill', point: null, atMs: 0, nodes: [0], downMs: 5000 })
    expect(run.write(0, 'too late').kind).not.toBe('answered')
    run.until('both are known', () => run.outcomes.length === 2)
    expect(run.outcomes.map(({ kind }) => kind).toSorted()).toEqual(['lost', 'unreachable'])
  })

  it('tells nothing to whoever withdrew', () => {
    const run = ClusterRun.start()
    const pending = run.cluster.request(0, { kind: 'status' }, () => expect.unreachable('it was withdrawn'))
    pending.withdraw()
    run.elapse(1000)
    expect(run.count('recovered')).toBe(3)
  })
})

describe('a process that is killed', () => {
  const points: readonly (readonly [KillPoint['when'], KillPoint['what'], boolean | null])[] = [
    // when    what         durable?
    ['before', 'seal', false],
    ['after', 'seal', false],
    ['before', 'persist', false],
    ['after', 'persist', null],
    ['before', 'persisted', true],
    ['after', 'persisted', true],
    ['before', 'append', true],
    ['after', 'append', true],
    ['after', 'apply', true],
  ]

  it.each(points)('[JR2] dies %s its next %s, and nothing of its life happens afterwards', (when, what, isDurable) => {
    const run = ClusterRun.start()
    run.write(0, 'first')
    run.cluster.strike({ kind: 'kill', point: { when, what }, atMs: 0, nodes: [0], downMs: 500 })
    run.set(0, 'second')
    run.until('it died', () => run.count('stopped') === 1)
    const died = run.events.length
    run.until('it started again', () => run.count('started') === 4)
    const since = run.events.slice(died).filter(({ happening }) => 'node' in happening && happening.node === 0)
    expect(since.map(({ happening }) => happening.kind)).toEqual(['started'])
    run.until('it serves', () => run.isConverged())
    const applied = [...(run.cluster.nodes[0]?.frontier.entries() ?? [])].reduce((sum, [, sequence]) => sum + sequence, 0)
    if (isDurable === null) expect([1, 2]).toContain(applied)
    else expect(applied).toBe(isDurable ? 2 : 1)
  })

  it.each([
    ['before', 'send'],
    ['before', 'follow'],
    ['before', 'read'],
    ['before', 'apply'],
    ['after', 'apply'],
  ] as const)('dies %s a %s too', (when, what) => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'kill', point: { when, what }, atMs: 0, nodes: [1], downMs: 500 })
    run.set(0, 'something to hear of')
    run.until('it died', () => run.count('stopped') === 1)
    expect(run.happened('stopped')).toMatchObject([{ node: 1, cause: 'kill' }])
    run.until('it is back', () => run.isConverged())
  })

  it('dies anyway if it never comes to the point', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'kill', point: { when: 'after', what: 'append' }, atMs: 0, nodes: [2], downMs: 500 })
    run.elapse(2500)
    expect(run.happened('stopped')).toMatchObject([{ node: 2, cause: 'kill' }])
  })

  it('is noticed only by its silence', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'kill', point: null, atMs: 0, nodes: [0], downMs: 30_000 })
    run.elapse(CALM.network.detectMs - 100)
    expect(run.count('disconnected')).toBe(0)
    run.elapse(200)
    expect(run.count('disconnected')).toBe(2)
  })
})

describe('faults', () => {
  const stopping = { atMs: 0, nodes: [0], downMs: 500 }
  const lasting = { atMs: 0, durationMs: 4000 }
  const faults: readonly Fault[] = [
    { kind: 'partition', shape: 'isolated', directions: [...both(0, 1), ...both(0, 2)], ...lasting },
    { kind: 'clog', direction: [0, 1], ...lasting },
    { kind: 'kill', point: null, ...stopping },
    { kind: 'power', ...stopping, nodes: [0, 1, 2] },
    { kind: 'stop', ...stopping },
    { kind: 'pause', node: 0, ...lasting },
    { kind: 'disk-slow', node: 0, factor: 200, ...lasting },
    { kind: 'disk-full', node: 0, roomBytes: 0, ...lasting },
    { kind: 'write-error', ...stopping },
    { kind: 'wipe', ...stopping },
    { kind: 'restore', ageMs: 1000, ...stopping },
    { kind: 'logs-rollback', ageMs: 1000, ...stopping },
    { kind: 'torn-tail', ...stopping },
  ]

  it.each(faults.map((fault) => [fault.kind, fault] as const))('%s begins, ends by itself, and the cluster is whole again', (_, fault) => {
    const run = ClusterRun.start()
    for (let i = 0; i < 10; i++) run.set(i % 3, `k${i}`)
    run.elapse(1500)
    expect(run.cluster.strike(fault)).toBe(true)
    for (let i = 0; i < 10; i++) run.set(i % 3, `l${i}`)
    run.until('it has ended', () => run.count('fault-ended') === 1)
    expect(run.happened('fault-began')).toEqual([{ kind: 'fault-began', fault }])
    run.until('all have applied the same', () => run.isConverged())
    expect(run.happened('log-failed')).toEqual([])
  })

  it('clock-step is a moment and has no end', () => {
    const run = ClusterRun.start()
    const before = run.cluster.nodes[0]?.wallMs ?? 0
    run.cluster.strike({ kind: 'clock-step', atMs: 0, node: 0, byMs: -300_000 })
    expect(run.cluster.nodes[0]?.wallMs).toBe(before - 300_000)
    run.cluster.calm()
    expect([run.count('fault-began'), run.count('fault-ended')]).toEqual([1, 0])
  })

  it('clock-drift lasts until the clock drifts in another way, or all faults end', () => {
    const run = ClusterRun.start()
    const drift = (partsPerMillion: number): Fault => ({ kind: 'clock-drift', atMs: 0, node: 0, partsPerMillion })
    run.cluster.strike(drift(20_000))
    run.elapse(5000)
    expect(run.happened('fault-ended')).toEqual([])
    run.cluster.strike(drift(-200))
    expect(run.happened('fault-ended')).toEqual([{ kind: 'fault-ended', fault: drift(20_000) }])
    run.cluster.calm()
    expect(run.happened('fault-ended').map(({ fault }) => fault)).toEqual([drift(20_000), drift(-200)])
  })

  it('do not strike what is down, but for a loss of power', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'kill', point: null, ...stopping })
    expect(run.cluster.strike({ kind: 'stop', ...stopping })).toBe(false)
    expect(run.cluster.strike({ kind: 'power', ...stopping })).toBe(true)
    expect(run.cluster.strike({ kind: 'pause', node: 0, ...lasting })).toBe(false)
    expect(run.cluster.strike({ kind: 'power', ...stopping, nodes: [0, 1] })).toBe(true)
    expect(run.happened('stopped').map(({ node }) => node)).toEqual([0, 1])
  })

  it('all end when it becomes calm, whatever they had left to do', () => {
    const run = ClusterRun.start()
    const long = { atMs: 0, durationMs: 3_600_000 }
    run.cluster.strike({ kind: 'partition', shape: 'custom', directions: both(0, 1), ...long })
    run.cluster.strike({ kind: 'clog', direction: [1, 2], ...long })
    run.cluster.strike({ kind: 'pause', node: 1, ...long })
    run.cluster.strike({ kind: 'disk-full', node: 2, roomBytes: 1000, ...long })
    run.cluster.strike({ kind: 'clock-step', node: 2, atMs: 0, byMs: 31_536_000_000 })
    run.cluster.strike({ kind: 'kill', point: null, atMs: 0, nodes: [0], downMs: 3_600_000 })
    run.elapse(5000)
    run.cluster.calm()
    run.until('all are whole', () => run.isWhole())
    run.elapse(500)
    expect(run.cluster.nodes.map(({ wallMs }) => wallMs)).toEqual([0, 1, 2].map(() => Math.floor(EPOCH_WALL_MS + run.cluster.atMs)))
    for (let node = 0; node < 3; node++) expect(run.write(node, 'x')).toMatchObject({ reply: { kind: 'committed' } })
    const ended = run.happened('fault-ended').map(({ fault }) => fault.kind)
    expect(ended.toSorted()).toEqual(['clog', 'disk-full', 'kill', 'partition', 'pause'])
  })

  it('[JR4] a failed write ends the process, and what it answers then is that nobody knows', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'write-error', ...stopping })
    expect(run.write(0, 'a')).toMatchObject({ kind: 'answered', reply: { kind: 'failed', error: { code: 'UNAVAILABLE' } } })
    expect(run.happened('stopped')).toMatchObject([{ node: 0, cause: 'failure', failure: { code: 'INTERNAL' } }])
  })

  it('[JR4] a failed sync of the logs ends the process, and nothing that it covered is shown', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'write-error', ...stopping })
    // Another node's write is what the first has to make durable here.
    expect(run.write(1, 'a')).toMatchObject({ reply: { kind: 'committed' } })
    run.until('it has stopped', () => run.count('stopped') === 1)
    expect(run.happened('stopped')).toMatchObject([{ node: 0, cause: 'failure', failure: { code: 'INTERNAL' } }])
    expect(run.happened('applied').filter(({ node }) => node === 0)).toEqual([])
    run.until('all are whole', () => run.isWhole())
    run.until('it has the write', () => run.cluster.nodes[0]?.register(keyFromText('a')) !== undefined)
  })

  it('[JR4] a full disk refuses writes and goes on reading', () => {
    const run = ClusterRun.start()
    run.write(0, 'before')
    run.cluster.strike({ kind: 'disk-full', node: 0, roomBytes: 100_000, ...lasting })
    run.until('it was told', () => run.count('room') === 1)
    expect(run.write(0, 'a')).toMatchObject({ reply: { kind: 'failed', error: { code: 'DISK_FULL' } } })
    expect(run.read(0, 'before')).toMatchObject({ reply: { kind: 'value', item: { key: 'before' } } })
    run.elapse(5000)
    expect(run.happened('room').map(({ hasRoom }) => hasRoom)).toEqual([false, true])
    expect(run.write(0, 'a')).toMatchObject({ reply: { kind: 'committed' } })
    expect(run.happened('stopped')).toEqual([])
  })

  it('[JR4] what was sealed before a full disk was noticed waits for room, if nothing was set aside for it', () => {
    const run = ClusterRun.start()
    run.write(0, 'before')
    run.cluster.strike({ kind: 'disk-full', node: 0, roomBytes: 10, ...lasting })
    run.set(0, 'a')
    run.elapse(3500)
    expect(run.outcomes).toHaveLength(1)
    run.until('it is answered', () => run.outcomes.length === 2)
    expect(run.outcomes[1]).toMatchObject({ kind: 'answered', reply: { kind: 'committed' } })
    expect(run.happened('stopped')).toEqual([])
  })

  it('[JR4] a disk without room for the logs ends the process, which is started once there is some', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'disk-full', node: 0, roomBytes: 10, ...lasting })
    expect(run.write(1, 'a')).toMatchObject({ reply: { kind: 'committed' } })
    run.until('it has stopped', () => run.count('stopped') === 1)
    expect(run.happened('stopped')).toMatchObject([{ node: 0, cause: 'failure', failure: { code: 'DISK_FULL' } }])
    expect(run.happened('applied').filter(({ node }) => node === 0)).toEqual([])
    run.until('it has the write', () => run.isConverged() && run.cluster.nodes[0]?.register(keyFromText('a')) !== undefined)
    expect(run.happened('fault-ended')).toHaveLength(1)
  })

  it('[JR6] a loss of power takes from a dead node what its process had not synced', () => {
    const lengths = new Set<number>()
    for (let seed = 1; seed <= 12; seed++) {
      const run = ClusterRun.start(seed)
      for (let i = 0; i < 5; i++) run.write(0, `k${i}`)
      run.cluster.strike({ kind: 'kill', point: null, ...stopping, downMs: 1000 })
      const disk = run.cluster.nodes[0]?.disk
      const length = (): number => [...(disk?.logs.values() ?? [])].reduce((total, log) => total + log.length, 0)
      const before = length()
      run.cluster.strike({ kind: 'power', ...stopping })
      lengths.add(before - length())
      run.until('all is there again', () => run.isConverged())
      expect(sum(run.cluster.nodes[0]?.frontier ?? new VersionVector())).toBe(5)
    }
    expect(lengths.size).toBeGreaterThan(1)
  })

  it('[ID5] a wiped directory is refused under its name until the one before is down', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'wipe', ...stopping })
    expect(run.happened('disk-replaced')).toEqual([{ kind: 'disk-replaced', node: 0, by: 'wipe', copiedAtMs: null }])
    run.until('it is admitted', () => run.isWhole())
    expect(run.happened('refused').map(({ node }) => node)).toContain(0)
    const directories = run.happened('started').flatMap(({ node, directory }) => (node === 0 ? [directory] : []))
    expect(new Set(directories).size).toBe(2)
  })

  it('[ID3] a directory that was put back fetches what it had written, and writes to another log', () => {
    const run = ClusterRun.start()
    run.write(0, 'kept')
    run.elapse(2500)
    run.write(0, 'forgotten')
    run.elapse(300)
    run.cluster.strike({ kind: 'restore', ageMs: 2000, ...stopping })
    run.until('it is back', () => run.isConverged())
    run.write(0, 'anew')
    run.until('all have it', () => run.isConverged() && run.cluster.nodes[1]?.frontier.size === 2)
    expect([...(run.cluster.nodes[0]?.frontier.entries() ?? [])].map(([, sequence]) => sequence)).toEqual([2, 1])
    expect(run.happened('log-failed')).toEqual([])
  })

  it('a stopping process hands over what it wrote', () => {
    const run = ClusterRun.start()
    run.write(0, 'a')
    run.cluster.strike({ kind: 'stop', ...stopping, downMs: 20_000 })
    run.until('it stopped', () => run.count('stopped') === 1)
    expect(run.happened('stopped')).toMatchObject([{ cause: 'stop' }])
    expect(run.cluster.nodes[1]?.frontier.size).toBe(1)
  })

  it('a pause is held against a process: its peers take it for dead, and it hears of that when it goes on', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'pause', node: 0, atMs: 0, durationMs: 8000 })
    run.elapse(5000)
    expect(run.cluster.nodes[1]?.status().peers.find(({ node }) => node === 'n1')?.connected).toBe(false)
    expect(run.cluster.nodes[0]?.status().peers.every(({ connected }) => connected)).toBe(true)
    run.elapse(3001)
    expect(run.cluster.nodes[0]?.status().peers.some(({ connected }) => connected)).toBe(false)
    run.until('it is back', () => run.isWhole())
  })

  it('a partition shorter than the detection breaks no connection, and delivers what was sent meanwhile', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'partition', shape: 'custom', directions: both(0, 1), atMs: 0, durationMs: 1000 })
    run.write(0, 'a')
    run.elapse(3000)
    expect(run.isConverged()).toBe(true)
    expect([run.count('disconnected'), run.count('dropped')]).toEqual([0, 0])
  })

  it('a one-way cut is noticed at both ends', () => {
    const run = ClusterRun.start()
    run.cluster.strike({ kind: 'partition', shape: 'one-way', directions: [[0, 1]], atMs: 0, durationMs: 6000 })
    run.elapse(5000)
    for (const [node, peer] of [
      [0, 'n2'],
      [1, 'n1'],
    ] as const) {
      expect(run.cluster.nodes[node]?.status().peers.find((status) => status.node === peer)?.connected).toBe(false)
    }
  })
})

function sum(vector: ReadonlyVersionVector): number {
  return [...vector.entries()].reduce((total, [, sequence]) => total + sequence, 0)
}

function both(one: number, other: number): (readonly [number, number])[] {
  return [
    [one, other],
    [other, one],
  ]
}
