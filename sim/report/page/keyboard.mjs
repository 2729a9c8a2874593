/** Keys that work anywhere on the page, unless the element that has the focus wants them itself. */

/** @param {Record<string, () => void>} actions by key, with `Shift+` in front of shifted arrows */
export function listenToKeys(actions) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const target = event.target instanceof HTMLElement ? event.target : document.body
    if (isWanted(target, event.key)) return
    const action = actions[event.shiftKey && event.key.startsWith('Arrow') ? `Shift+${event.key}` : event.key]
    if (action === undefined) return
    event.preventDefault()
    action()
  })
}

/** @param {HTMLElement} target @param {string} key */
function isWanted(target, key) {
  if (target.closest('input[type="text"], input[type="search"], select') !== null) return true
  if (key.startsWith('Arrow')) return target.closest('input[type="range"]') !== null
  return key === ' ' && target.closest('button, summary, input[type="checkbox"]') !== null
}
