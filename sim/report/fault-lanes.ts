/** Where a fault is drawn: the lanes that it strikes, and the directions that it cuts or clogs. */

import { unreachable } from '../../base/index.ts'
import type { Direction, Fault, NodeIndex } from '../fault.ts'

export function nodesOf(fault: Fault): readonly NodeIndex[] {
  switch (fault.kind) {
    case 'partition':
      return []
    case 'clog':
      return [fault.direction[0]]
    case 'kill':
    case 'power':
    case 'stop':
    case 'write-error':
    case 'wipe':
    case 'restore':
    case 'logs-rollback':
    case 'torn-tail':
      return fault.nodes
    case 'pause':
    case 'disk-slow':
    case 'disk-full':
    case 'clock-step':
    case 'clock-drift':
    case 'switch-mode':
    case 'promote':
    case 'remove':
      return [fault.node]
    case 'kill-leader':
      return []
    default:
      return unreachable(fault)
  }
}

export function directionsOf(fault: Fault): readonly Direction[] {
  if (fault.kind === 'partition') return fault.directions
  return fault.kind === 'clog' ? [fault.direction] : []
}
