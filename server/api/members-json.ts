/** A change of the members in JSON (MB1, MB2, MB4): what is answered; what is asked is a node's name. */

import type { MembersRequest, Reply } from '../../core/index.ts'

/** What is wanted, without how long it may take. */
export type MembersChange = Pick<MembersRequest, 'kind' | 'change' | 'node' | 'isForced'>

/** The fields that say who votes. */
export function membersFields({ voters }: Extract<Reply, { readonly kind: 'members' }>): string {
  return JSON.stringify({ voters }).slice(1, -1)
}
