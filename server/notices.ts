/**
 * What a node's log says of its standing among the others: that it was removed, that another
 * process has its name, that the others were started with other lists of members, or belong to
 * another cluster. Each is said
 * once, when it begins, and again only after it was over: it lasts, and a line a second hides all
 * others.
 */

import type { Logger } from 'pino'
import type { Status } from '../core/index.ts'

/** What a notice is drawn from. */
export type Standing = Pick<Status, 'node' | 'state' | 'members' | 'refusedBy' | 'foundersDiffer' | 'foreign'>

interface Notice {
  readonly code: 'REMOVED' | 'NAME_IN_USE' | 'PEERS_DIFFER' | 'FOREIGN'
  readonly details: Readonly<Record<string, unknown>>
  readonly message: string
}

export class Notices {
  readonly #logger: Logger
  /** Codes that were so at the last look. */
  #standing: ReadonlySet<string> = new Set()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  look(status: Standing): void {
    const notices = noticesOf(status)
    for (const { code, details, message } of notices) if (!this.#standing.has(code)) this.#logger.warn({ code, ...details }, message)
    this.#standing = new Set(notices.map(({ code }) => code))
  }
}

function noticesOf({ node, state, members, refusedBy, foundersDiffer, foreign }: Standing): readonly Notice[] {
  const refusers = (reason: string): string[] => refusedBy.filter((refusal) => refusal.reason === reason).map((refusal) => refusal.node)
  const notices: Notice[] = []
  if ((state.kind === 'read-only' && state.reason === 'REMOVED') || refusers('REMOVED').length > 0)
    notices.push({
      code: 'REMOVED',
      details: { refusedBy: refusers('REMOVED') },
      message: 'this node was removed from the cluster: it comes back with an empty data directory and --join',
    })
  if (refusers('NAME_IN_USE').length > 0)
    notices.push({
      code: 'NAME_IN_USE',
      details: { refusedBy: refusers('NAME_IN_USE') },
      message: `another process runs under the name ${node}: stop one of the two`,
    })
  if (Object.keys(foundersDiffer).length > 0)
    notices.push({
      code: 'PEERS_DIFFER',
      details: { members: { [node]: members, ...foundersDiffer } },
      message: 'nodes were started with different --peers: no leader can be elected until each has the same list',
    })
  if (foreign.length > 0)
    notices.push({
      code: 'FOREIGN',
      details: { foreign },
      message: 'nodes of a cluster that was begun apart are connected, having the same secret: this node does not follow their leaders',
    })
  return notices
}
