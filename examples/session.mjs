/**
 * Two nodes and one story: what was written through one is read through the other.
 *
 *     npm start                      three nodes, in another terminal
 *     node examples/session.mjs      or with the addresses of two nodes
 */

import { connect } from 'skein/client'

const [here = 'http://127.0.0.1:8401', there = 'http://127.0.0.1:8403'] = process.argv.slice(2)
const left = connect({ nodes: [here] })
const right = connect({ nodes: [there] })

await left.set('cart:7', ['apples', 'pears'])

// A local read answers at once, with what that node has by now: maybe not the cart yet.
console.log('local  ', await right.get('cart:7', { consistency: 'local' }))

// The token says what `left` has seen. A read that carries it waits until the node has that too.
right.session = left.session
console.log('session', await right.get('cart:7'))

await left.close()
await right.close()
