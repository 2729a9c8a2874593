/**
 * Clients and an invariant of your own for the simulator: counters that only go up, each written
 * by one client. Nobody may ever read one of them lower than its client had seen it.
 *
 *     skein sim search --seeds 20 --workload ./examples/workload.mjs
 */

import { getRequest, setOperation, textValue, transactionRequest } from 'skein/sim'

const READS_IN_TEN = 6

export default {
  name: 'counters',
  description: 'each client counts up, and reads its count',
  start({ random, clients }) {
    const counts = new Array(clients).fill(0)
    /** What a client's answers have shown it: its session. */
    const sessions = new Array(clients).fill(null)
    return {
      next(client) {
        const key = `count/${client}`
        const session = sessions[client]
        // Any node: the session makes it wait until it has what this client has seen.
        if (random.below(10) < READS_IN_TEN) return { request: getRequest(key, { session }), node: 'any', onUnknown: 'go-on' }
        counts[client] += 1
        const write = setOperation(key, textValue(String(counts[client])))
        return { request: transactionRequest([write], { session }), node: 'any', onUnknown: 'go-on' }
      },
      ended(client, _call, outcome) {
        if (outcome.kind === 'answered' && outcome.reply.kind !== 'failed') sessions[client] = outcome.reply.session
      },
      invariants: [neverBack()],
    }
  },
}

/** Hears every event of the run; what is wrong it says in words, with the events that show it. */
function neverBack() {
  const shown = new Map()
  return {
    name: 'NeverBack',
    kinds: ['answered'],
    observe({ number, happening }) {
      const { client, reply } = happening
      if (reply.kind !== 'value' || reply.item === null) return null
      const { key, value } = reply.item
      // The simulator asks too, when it looks whether the nodes answer.
      if (!key.startsWith('count/')) return null
      const count = Number(value.data)
      const before = shown.get(client) ?? { count: 0, number }
      shown.set(client, { count, number })
      if (count >= before.count) return null
      return { message: `client ${client} reads ${count} of ${key} after ${before.count}`, events: [before.number, number] }
    },
    finish: () => null,
  }
}
