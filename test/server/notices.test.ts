import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { parseNodeName } from '../../base/index.ts'
import { Notices, type Standing } from '../../server/notices.ts'

const [n1, n2, n3] = [parseNodeName('n1'), parseNodeName('n2'), parseNodeName('n3')]
const WELL: Standing = { node: n3, state: { kind: 'serving' }, members: [n1, n2, n3], refusedBy: [], foundersDiffer: {}, foreign: [] }

/** The codes that a log has after each look. */
function logged(...looks: readonly Partial<Standing>[]): string[] {
  const lines: string[] = []
  const notices = new Notices(pino({}, { write: (line: string) => void lines.push(line) }))
  for (const changes of looks) notices.look({ ...WELL, ...changes })
  return lines.map((line) => JSON.parse(line).code)
}

describe('what the log says of the standing of a node', () => {
  it.each<[code: string, changes: Partial<Standing>]>([
    ['REMOVED', { state: { kind: 'read-only', reason: 'REMOVED' } }],
    ['REMOVED', { refusedBy: [{ node: n1, reason: 'REMOVED' }] }],
    ['NAME_IN_USE', { refusedBy: [{ node: n1, reason: 'NAME_IN_USE' }] }],
    ['FOREIGN', { foreign: [n1] }],
    ['PEERS_DIFFER', { foundersDiffer: { n1: [n1, n2] } }],
  ])('[MB4] %s is said once while it lasts, and again when it comes again', (code, changes) => {
    expect(logged({}, changes, changes)).toEqual([code])
    expect(logged(changes, {}, changes)).toEqual([code, code])
  })

  it('[MB1] all lists of members that differ are told', () => {
    const lines: string[] = []
    new Notices(pino({}, { write: (line: string) => void lines.push(line) })).look({ ...WELL, foundersDiffer: { n1: [n1, n2] } })
    expect(JSON.parse(lines[0] ?? '').members).toEqual({ n3: ['n1', 'n2', 'n3'], n1: ['n1', 'n2'] })
  })

  it('nothing is said of a node that is well', () => {
    expect(logged({}, {})).toEqual([])
  })
})
