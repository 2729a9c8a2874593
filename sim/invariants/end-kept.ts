/**
 * EndKept (EP5): after the `end` of a leader epoch the chain wants the multi mode until somebody asks for a
 * leader in the epoch that follows. A leader in between, whoever elected it, seals its header, what
 * changes the voters (MB1) and its own `end`, and nothing else.
 *
 * A step for each log of the chain, with each block.
 */

import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

export function endKept(oracle: Oracle): Invariant {
  return {
    name: 'EndKept',
    kinds: ['chain-sealed'],
    observe({ number, happening }) {
      if (happening.kind !== 'chain-sealed' || happening.block.kind === 'header') return null
      const header = oracle.chain.at({ writer: happening.writer, length: 1 })
      const previous = oracle.chain.at({ writer: happening.writer, length: happening.index })
      if (header === null) return null
      if (previous?.block.kind === 'end')
        return { message: `node ${happening.node} goes on with ${happening.writer} after its end`, events: [previous.sealedAt, number] }
      if (happening.block.kind === 'end' || happening.block.kind === 'voters' || !oracle.chain.mustEnd(header)) return null
      const message = `node ${happening.node} seals ${happening.block.kind} in epoch ${header.epoch}, and the chain wants the multi mode`
      return { message, events: [header.sealedAt, number] }
    },
    finish: () => null,
  }
}
