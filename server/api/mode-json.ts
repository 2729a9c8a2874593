/** The switch between the modes and the transfer of leadership, in JSON: what is asked and what is answered. */

import { type NodeName, parseNodeName } from '../../base/index.ts'
import type { ModeRequest, PromoteRequest, Reply } from '../../core/index.ts'
import { type JsonObject, nameIn, refused } from './json-object.ts'

/** What is wanted, without how long it may take. */
export type ModeChange = Pick<ModeRequest, 'kind' | 'mode'> | Pick<PromoteRequest, 'kind' | 'node'>

/** `mode`. @throws BAD_REQUEST */
export function modeField(object: JsonObject): ModeRequest['mode'] {
  const mode = object.fields.get('mode')
  if (mode === 'multi' || mode === 'leader') return mode
  throw refused(nameIn(object, 'mode'), 'is not "multi" (every node takes writes) or "leader" (one node does)')
}

/** `node`. @throws BAD_REQUEST */
export function nodeField(object: JsonObject): NodeName {
  const node = object.fields.get('node')
  if (typeof node === 'string') return parseNodeName(node)
  throw refused(nameIn(object, 'node'), 'is not the name of a node: GET /v1/cluster lists them')
}

/** The fields that say which mode the cluster is in. */
export function modeFields({ mode, epoch, leader }: Extract<Reply, { readonly kind: 'mode' }>): string {
  return JSON.stringify({ mode, epoch, leader }).slice(1, -1)
}
