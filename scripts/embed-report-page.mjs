/**
 * Puts the report's page (its modules and its style sheet) as text into sim/report/page-source.ts,
 * so that `sim/` reads no file and a build by tsc alone has everything. The modules are joined in
 * the order of their imports and share one scope; a name that two of them declare is refused.
 *
 *     node scripts/embed-report-page.mjs            writes the file
 *     node scripts/embed-report-page.mjs --check    exits with 1 if it is not up to date
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '..')
const PAGE = join(ROOT, 'sim/report/page')
const TARGET = join(ROOT, 'sim/report/page-source.ts')

const IMPORT = /^import \{[^}]*\} from '([^']+)'\n/gm
const DECLARATION = /^(?:function|class|const|let) (\w+)/gm

const source = pageSource()
if (!process.argv.includes('--check')) writeFileSync(TARGET, source)
else if (readFileSync(TARGET, 'utf8') !== source) {
  console.error('sim/report/page-source.ts is not what sim/report/page/ says: run node scripts/embed-report-page.mjs')
  process.exitCode = 1
}

function pageSource() {
  const script = `'use strict'\n${modulesFrom(join(PAGE, 'page.mjs')).join('\n')}`
  const style = readFileSync(join(PAGE, 'page.css'), 'utf8')
  for (const text of [script, style]) if (/<\/(script|style)/i.test(text)) throw new Error('the page would end its own element')
  return `/**
 * The page of a report as text: its script and its style sheet. Made from sim/report/page/ by
 * scripts/embed-report-page.mjs; change it there.
 */

export const PAGE_SCRIPT =
  ${literal(withoutComments(script))}

export const PAGE_STYLE =
  ${literal(style)}
`
}

/** The module and all that it imports, those first that are needed first. */
function modulesFrom(path, taken = new Map(), names = new Map()) {
  if (taken.has(path)) return []
  taken.set(path, true)
  const text = readFileSync(path, 'utf8')
  const before = [...text.matchAll(IMPORT)].flatMap(([, target]) => modulesFrom(resolve(dirname(path), target), taken, names))
  const own = text.replace(IMPORT, '').replace(/^export /gm, '')
  if (/^(import|export) /m.test(own)) throw new Error(`${path} imports or exports in a form that is not joined`)
  for (const [, name] of own.matchAll(DECLARATION)) {
    if (names.has(name)) throw new Error(`${path} and ${names.get(name)} both declare ${name}`)
    names.set(name, path)
  }
  return [...before, own]
}

/** Comments are for readers of the sources: only blocks and lines of their own are taken out. */
function withoutComments(script) {
  return script
    .replace(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, '')
    .replace(/^\s*\/\/.*\n/gm, '')
    .replace(/\n{2,}/g, '\n')
}

/** As the formatter would write it: in the quotes that need fewer escapes. */
function literal(text) {
  const quote = text.split("'").length <= text.split('"').length ? "'" : '"'
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('${', '\\u0024{').replaceAll(quote, `\\${quote}`)
  return quote + escaped + quote
}
