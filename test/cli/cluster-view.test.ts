import { describe, expect, it } from 'vitest'
import { assembleView, type ClusterView } from '../../cli/cluster-view.ts'
import { decodeNodeReport, type NodeReport, type ReportedChain, type ReportedLog, type ReportedPeer } from '../../cli/node-report.ts'
import { PLAIN } from '../../cli/palette.ts'
import { renderStatus } from '../../cli/status-page.ts'

const NAMES = ['n1', 'n2', 'n3']

function peer(node: string, changes: Partial<ReportedPeer> = {}): ReportedPeer {
  return {
    node,
    directory: `${node}-directory`,
    state: 'alive',
    connected: true,
    lag: 0,
    rttMs: 0.4,
    clockSkewMs: 0,
    digest: 'd1',
    reaches: NAMES.filter((name) => name !== node),
    secondsSinceHeard: 0.1,
    nameContested: false,
    ...changes,
  }
}

function chain(changes: Partial<ReportedChain> = {}): ReportedChain {
  return {
    role: 'follower',
    promised: 1,
    position: { epoch: 0, length: 0 },
    committed: null,
    applied: null,
    voters: NAMES.map((node) => ({ node, directory: null, length: null })),
    ...changes,
  }
}

/** A node in epoch 4, which n2 leads. */
function led(node: string, changes: Partial<NodeReport> = {}, ofChain: Partial<ReportedChain> = {}): NodeReport {
  const place = { epoch: 4, length: 12 }
  const voters = NAMES.map((name) => ({ node: name, directory: `${name}-directory`, length: node === 'n2' ? 12 : null }))
  const role = node === 'n2' ? 'leader' : 'follower'
  const told = chain({ role, promised: 4, position: place, committed: place, applied: place, voters, ...ofChain })
  return report(node, { mode: 'leader', epoch: 4, leader: 'n2', chain: told, ...changes })
}

function log(writer: string, changes: Partial<ReportedLog> = {}): ReportedLog {
  return { writer, node: writer.split('.')[0] ?? '', state: 'following', length: 3, applied: 2, waiting: 0, reason: null, ...changes }
}

function report(node: string, changes: Partial<NodeReport> = {}): NodeReport {
  return {
    node,
    directory: `${node}-directory`,
    writer: `${node}.00000000`,
    version: '1.0.0',
    state: { kind: 'serving' },
    mode: 'multi',
    epoch: 1,
    leader: null,
    chain: chain(),
    members: NAMES,
    learners: [],
    foundersDiffer: new Map(),
    foreign: [],
    digest: 'd1',
    frontier: new Map([['n1.00000000', 7]]),
    keys: 3,
    keysWithConflicts: 0,
    logs: [log('n1.00000000')],
    peers: NAMES.filter((name) => name !== node).map((name) => peer(name)),
    refusedBy: [],
    clockOffsetMs: 0,
    uptime: 133,
    refused: new Map(),
    ...changes,
  }
}

function view(reports: readonly NodeReport[], silent: readonly string[] = []): ClusterView {
  return assembleView([
    ...reports.map((one) => ({ url: `http://${one.node}`, report: one })),
    ...silent.map((url) => ({ url, report: null, reason: 'connection refused' }) as const),
  ])
}

function codes(reports: readonly NodeReport[]): string[] {
  return view(reports).warnings.map((warning) => warning.code)
}

describe('cluster view', () => {
  it('[CA5] equal frontiers and digests are converged', () => {
    const { agreement, isWell } = view(NAMES.map((name) => report(name)))
    expect({ agreement, isWell }).toEqual({ agreement: { kind: 'converged' }, isWell: true })
  })

  it('[CA5] different frontiers are so many transactions apart', () => {
    const behind = report('n2', { frontier: new Map([['n1.00000000', 4]]), digest: 'd0' })
    expect(view([report('n1'), behind]).agreement).toEqual({ kind: 'apart', transactions: 3 })
  })

  it('[CA5] equal frontiers with different digests are an alarm', () => {
    const reports = [report('n1'), report('n2', { digest: 'd2' })]
    expect([view(reports).agreement.kind, codes(reports)]).toEqual(['diverged', ['DIVERGED']])
  })

  it('[LM1] in leader mode each voter is shown with what it holds and whose vote it has', () => {
    const behind = led('n1', {}, { committed: { epoch: 4, length: 10 }, applied: { epoch: 4, length: 10 } })
    const lines = renderStatus(view([behind, led('n2')]), PLAIN)
    expect(lines[1]).toContain('led by n2, epoch 4, committed 4/12')
    const first = lines.findIndex((line) => line.startsWith('  voter'))
    expect(lines.slice(first, first + 4)).toEqual([
      '  voter   role       holds   applied   directory',
      '  n1      follower    4/12      4/10   n1-direc',
      '  n2      leader      4/12      4/12   n2-direc',
      '  n3                  4/12         –   n3-direc',
    ])
  })

  it('[MB1] a voter on another directory than its vote is bound to stands out', () => {
    const wiped = led('n1', { directory: 'another-directory' })
    const unbound = led(
      'n2',
      {},
      {
        voters: [
          { node: 'n1', directory: 'n1-directory', length: 0 },
          { node: 'n2', directory: null, length: 12 },
        ],
      },
    )
    const lines = renderStatus(view([wiped, unbound]), PLAIN).join('\n')
    expect(lines).toContain('n1-direc has its vote, not another-')
    expect(lines).toContain('none has its vote')
  })

  it.each([
    [['n1'], 'skein join n1'],
    [['n1', 'n2'], 'too few votes are left'],
  ])('[MB1] in multi-leader mode it is said that %s lost the vote', (wiped, advice) => {
    const { voters } = led('n3').chain
    const reports = NAMES.map((node) =>
      report(node, { epoch: 5, chain: chain({ voters }), ...(wiped.includes(node) ? { directory: 'another-directory' } : {}) }),
    )
    expect(view(reports).warnings).toEqual([
      {
        code: 'VOTE_LOST',
        message: `${wiped.join(', ')} came back with another data directory, which has no vote`,
        advice: expect.stringContaining(advice),
      },
    ])
    expect(codes(NAMES.map((node) => report(node, { epoch: 5, chain: chain({ voters }) })))).toEqual([])
  })

  it('[LM2] a cluster that nobody leads is not well', () => {
    const reports = NAMES.map((name) => led(name, { leader: null }, { role: 'follower' }))
    expect([view(reports).isWell, codes(reports)]).toEqual([false, ['NO_QUORUM']])
    expect(view(NAMES.map((name) => led(name))).isWell).toBe(true)
  })

  it('[EP1] the mode is that of the highest epoch that anybody entered', () => {
    const { leadership } = view([report('n1', { epoch: 3 }), led('n2'), report('n3', { epoch: 3 })])
    expect(leadership).toMatchObject({ mode: 'leader', epoch: 4, leader: 'n2' })
  })

  it('[CLI] a member that was not asked is shown as the others see it', () => {
    const { members, isWell } = view([report('n1'), report('n2')])
    expect(members[2]).toEqual({ kind: 'reported', node: 'n3', standing: 'member', state: 'alive', lag: 0, digest: 'd1' })
    expect(isWell).toBe(true)
  })

  it('[CLI] whoever heard a node last is believed about it', () => {
    const first = report('n1', { peers: [peer('n2'), peer('n3', { state: 'down', secondsSinceHeard: 60 })] })
    const second = report('n2', { peers: [peer('n1'), peer('n3', { state: 'alive', secondsSinceHeard: 1 })] })
    expect(view([first, second]).members[2]).toMatchObject({ state: 'alive' })
  })

  it('[CLI] a lag that a peer has not caught up with keeps the cluster from being converged', () => {
    const { agreement } = view([report('n1', { peers: [peer('n2'), peer('n3', { lag: 5 })] })])
    expect(agreement).toEqual({ kind: 'apart', transactions: 5 })
  })

  it('[CLI] a member that is down is not well', () => {
    const down = (name: string): NodeReport =>
      report(name, {
        peers: NAMES.filter((other) => other !== name).map((other) =>
          peer(other, other === 'n3' ? { state: 'down', connected: false } : {}),
        ),
      })
    const { isWell, agreement, reach } = view([down('n1'), down('n2')], ['http://n3'])
    expect({ isWell, agreement: agreement.kind, reach: reach.map((row) => row.map((cell) => cell.kind)) }).toEqual({
      isWell: false,
      agreement: 'converged',
      reach: [
        ['self', 'reached', 'cut'],
        ['reached', 'self', 'cut'],
        ['unknown', 'unknown', 'self'],
      ],
    })
  })

  it.each([
    ['DISK_FULL', { state: { kind: 'read-only', reason: 'DISK_FULL' } }],
    ['CLOCK_SKEW', { state: { kind: 'read-only', reason: 'CLOCK_SKEW' } }],
    ['NAME_IN_USE', { state: { kind: 'read-only', reason: 'NAME_IN_USE' } }],
    ['RECOVERING', { state: { kind: 'recovering', done: 1, total: 2 } }],
    ['NAME_IN_USE', { peers: [peer('n2', { nameContested: true })] }],
    ['NAME_IN_USE', { refusedBy: [{ node: 'n2', reason: 'NAME_IN_USE' }] }],
    ['REMOVED', { refusedBy: [{ node: 'n2', reason: 'REMOVED' }] }],
    ['REMOVED', { state: { kind: 'read-only', reason: 'REMOVED' }, refusedBy: [{ node: 'n2', reason: 'REMOVED' }] }],
    ['PEERS_DIFFER', { foundersDiffer: new Map([['n3', ['n1', 'n3']]]) }],
    ['FOREIGN', { foreign: ['n3'] }],
    ['LEARNER', { learners: ['n4'] }],
    ['CLOCK_OFF', { clockOffsetMs: -2500 }],
    ['FORKED', { logs: [log('n1.00000000', { state: 'forked', reason: 'block 4' })] }],
    ['CORRUPT', { logs: [log('n1.00000000', { state: 'corrupt', reason: 'block 4' })] }],
    ['CLOCK_SKEW', { logs: [log('n1.00000000', { state: 'skewed', waiting: 2 })] }],
    ['REFUSED', { refused: new Map([['wrong-key', 3]]) }],
  ] as const)('[CLI] %s is said in words', (code, changes) => {
    expect(codes([report('n1', changes)])).toEqual([code])
  })

  it('[LG2] a log that is forked at two nodes is one warning', () => {
    const logs = [log('n3.00000000', { state: 'forked', reason: 'block 4' })]
    expect(view([report('n1', { logs }), report('n2', { logs })]).warnings.map((warning) => warning.message)).toEqual([
      'the log n3.00000000 has two versions, and is out of service at n1, n2 (block 4)',
    ])
  })

  it('[CLI] the page says the answer first, and shows every member', () => {
    const page = renderStatus(view(NAMES.map((name) => report(name))), PLAIN)
    expect(page.slice(0, 7)).toEqual([
      '3 nodes · converged',
      'digest d1 on n1, n2, n3 · multi, epoch 1',
      '',
      '  node   state     writer        keys   applied   lag      skew     uptime   version',
      '● n1     serving   n1.00000000      3         7     0   0.00 ms   2 m 13 s   1.0.0',
      '● n2     serving   n2.00000000      3         7     0   0.00 ms   2 m 13 s   1.0.0',
      '● n3     serving   n3.00000000      3         7     0   0.00 ms   2 m 13 s   1.0.0',
    ])
  })

  it('[MB2] who has no vote is shown as a learner, with how to give it one', () => {
    const reports = NAMES.map((name) =>
      report(name, { learners: ['n4'], peers: [...NAMES, 'n4'].filter((other) => other !== name).map((other) => peer(other)) }),
    )
    const newcomer = report('n4', { learners: ['n4'], peers: NAMES.map((name) => peer(name)) })
    const asked = view([...reports, newcomer])
    expect(renderStatus(asked, PLAIN).filter((line) => line.startsWith('● '))).toEqual([
      expect.stringMatching(/^● n1 +serving /),
      expect.stringMatching(/^● n2 +serving /),
      expect.stringMatching(/^● n3 +serving /),
      expect.stringMatching(/^● n4 +learner /),
    ])
    expect(asked.isWell).toBe(true)
    expect(asked.warnings).toEqual([
      { code: 'LEARNER', message: expect.stringContaining('n4 is no member'), advice: expect.stringContaining('skein join n4') },
    ])
    expect(renderStatus(view(reports), PLAIN)).toContainEqual(expect.stringMatching(/^● n4 +learner, heard by others/))
  })

  it('[MB4] a removed node is no part of the picture, and is told how to come back', () => {
    const left = ['n1', 'n2']
    const reports = left.map((name) =>
      report(name, { epoch: 3, members: left, peers: left.filter((other) => other !== name).map((other) => peer(other)) }),
    )
    const removed = report('n3', { state: { kind: 'read-only', reason: 'REMOVED' }, frontier: new Map([['n3.00000000', 2]]), digest: 'd3' })
    const asked = view([...reports, removed])
    expect(asked.agreement).toEqual({ kind: 'converged' })
    expect(asked.isWell).toBe(true)
    expect(renderStatus(asked, PLAIN)).toContainEqual(expect.stringMatching(/^○ n3 +removed /))
    expect(asked.warnings).toEqual([
      { code: 'REMOVED', message: expect.stringContaining('n3 was removed'), advice: expect.stringContaining('skein join n3') },
    ])
    expect(view([removed]).isWell).toBe(false)
  })

  it('[MB1] lists of members that differ are one warning, with all of them', () => {
    const mine = report('n1', { members: ['n1', 'n2'], foundersDiffer: new Map([['n2', ['n1', 'n2', 'n3']]]) })
    const theirs = report('n2', { foundersDiffer: new Map([['n1', ['n1', 'n2']]]) })
    const [warning, ...more] = view([mine, theirs]).warnings
    expect(warning).toMatchObject({
      code: 'PEERS_DIFFER',
      message: 'the nodes were started with different --peers: n1 has n1, n2; n2 has n1, n2, n3',
    })
    expect(more).toEqual([])
  })

  it('[CLI] a status that lacks a field is refused by its name', () => {
    expect(() => decodeNodeReport({ node: 'n1', directory: '00', writer: null })).toThrow('status.version')
    expect(() => decodeNodeReport('<html>')).toThrow('status')
  })
})
