/** Why requests are refused that no node could serve in this state, in words that say what to do next. */

import { type Epoch, type NodeName, SkeinError } from '../base/index.ts'

/** @param progress blocks read and to be read, or null before the number is known */
export function recoveringError(progress: { readonly done: number; readonly total: number } | null): SkeinError {
  return new SkeinError('UNAVAILABLE', 'this node is still reading its logs: try again shortly or ask another node', {
    details: { recovering: progress },
  })
}

export function busyError(): SkeinError {
  return new SkeinError('UNAVAILABLE', 'too many requests are waiting on this node: slow down and try again, or ask another node')
}

export function noLeaderError(): SkeinError {
  const message = 'linearizable reads need a leader and this cluster is in multi-leader mode: read with session or local'
  return new SkeinError('NO_QUORUM', message, { details: { mode: 'multi' } })
}

/** Only the leader can do it. @param url where its HTTP door is, if that is known */
export function notLeaderError(leader: NodeName, url: string | null): SkeinError {
  const where = url === null ? '' : ` at ${url}`
  return new SkeinError('NOT_LEADER', `this cluster is led by ${leader}: ask it${where}`, { details: { leader, url, applied: false } })
}

export function noQuorumError(node: NodeName, promised: Epoch): SkeinError {
  const message = `${node} reaches no majority, or no leader is elected yet (epoch ${promised}): try again shortly; \`skein status\` shows who is reached`
  return new SkeinError('NO_QUORUM', message, { details: { applied: false } })
}

/** This directory is bound to no vote (MB1): the node was wiped, or is new. */
export function noVoteError(node: NodeName): SkeinError {
  const message = `${node} has no vote, as its data directory is a new one: ask another node, \`skein status\` shows who votes`
  return new SkeinError('UNAVAILABLE', message, { details: { applied: false } })
}

/** Nodes that no leader was elected by yet were started with different lists of members (MB1). */
export function foundersDifferError(
  node: NodeName,
  own: readonly NodeName[],
  others: ReadonlyMap<NodeName, readonly NodeName[]>,
): SkeinError {
  const lists = [[node, own] as const, ...others].map(([name, members]) => `${name} has ${members.join(', ')}`)
  const message = `the nodes were started with different --peers, so they can't elect a leader: ${lists.join('; ')}; start each with the same list`
  return new SkeinError('CONFLICT', message, { details: { applied: false, members: Object.fromEntries([[node, own], ...others]) } })
}

/** The leader lost its majority, or its epoch, with the write on its way. */
export function lostWriteError(): SkeinError {
  const message =
    'the leader changed while this write was on its way: it may stand or be lost; read it back, or repeat it with its idempotency key'
  return new SkeinError('UNAVAILABLE', message, { details: { applied: 'unknown' } })
}
