/**
 * A shop sells seats, and asks before it opens: can a seat be sold twice? A simulated cluster of
 * three nodes lives through partitions, crashes and power cuts, once for each seed, and an
 * invariant of the shop's own watches every sale.
 *
 *     node examples/simulate.mjs [seeds]
 */

import { ifAbsent, setOperation, simulate, textValue, transactionRequest } from 'skein/sim'

const SEATS = 40
const seeds = Number(process.argv[2] ?? 10)

/** Sells seats to whoever comes. `nodeOf` says which node sells a seat. */
function selling(nodeOf) {
  return {
    name: 'seats',
    description: 'sells each of some seats if it is free',
    start: ({ random, nodes }) => ({
      next: (client) => {
        const seat = random.below(SEATS)
        const key = `seat/${seat}`
        // Only if the seat is free, as far as that node knows.
        const request = transactionRequest([setOperation(key, textValue(`client ${client}`))], { conditions: [ifAbsent(key)] })
        return { request, node: nodeOf(seat, nodes), onUnknown: 'go-on' }
      },
      ended: () => {},
      invariants: [soldOnce()],
    }),
  }
}

/** No seat is sold twice. It hears every event of the run, and says what is wrong, if anything is. */
function soldOnce() {
  const asked = new Map()
  const sold = new Map()
  return {
    name: 'SoldOnce',
    observe: ({ number, happening }) => {
      if (happening.kind === 'invoked') asked.set(happening.call, happening.request)
      if (happening.kind !== 'answered' || happening.reply.kind !== 'committed') return null
      const [operation] = asked.get(happening.call).operations
      if (!operation.key.startsWith('seat/')) return null
      const before = sold.get(operation.key)
      sold.set(operation.key, { node: happening.node, number })
      if (before === undefined) return null
      return { message: `${operation.key} was sold at node ${before.node} and at node ${happening.node}`, events: [before.number, number] }
    },
    finish: () => null,
  }
}

/** The first seed that fails, or null. */
function search(workload) {
  for (let seed = 1; seed <= seeds; seed++) {
    const result = simulate({
      seed,
      nodes: 3,
      durationMs: 10_000,
      callsPerSecond: 50,
      workload,
      faults: ['partition', 'clog', 'kill', 'power', 'pause'],
      plan: null,
      weather: null,
      callsMax: null,
      keepTrace: false,
      onProgress: null,
    })
    if (!result.passed) return result
  }
  return null
}

function show(title, failed) {
  const [violation] = failed?.violations ?? []
  console.log(`${title}: ${violation === undefined ? `${seeds} seeds pass` : `seed ${failed.seed} fails, ${violation.message}`}`)
}

// Every node says yes to what is free there: in multi-leader mode a condition is local.
show('sold anywhere', search(selling(() => 'any')))

// Each seat has a node that sells it, and that node knows all of its own sales.
show('sold at one node', search(selling((seat, nodes) => seat % nodes)))
