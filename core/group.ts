/**
 * A replica group: the unit that has members, epochs, logs and a state of its own. A node hosts
 * groups that share its journal and its connections; today there is one.
 */

declare const brand: unique symbol
export type GroupName = string & { readonly [brand]: 'GroupName' }

export const DEFAULT_GROUP = 'default' as GroupName
const GROUP_NAME_LENGTH_MAX = 64

/** The group that a text names (1–64 printable ASCII characters without spaces), or null. */
export function parseGroupName(text: string): GroupName | null {
  if (text.length < 1 || text.length > GROUP_NAME_LENGTH_MAX) return null
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= 0x20 || code >= 0x7f) return null
  }
  return text as GroupName
}
