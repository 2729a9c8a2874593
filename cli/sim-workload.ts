/** Workloads by name, and those that users bring as a module. */

import { register } from 'node:module'
import { pathToFileURL } from 'node:url'
import { SkeinError } from '../base/index.ts'
import { WORKLOADS, type Workload } from '../sim/index.ts'
import { isModulePath } from './sim-case.ts'

/**
 * A module of a user imports `skein/sim`, from any folder: what is not found from there is this
 * program's own package. A hook of Node's, for which there is no function without a text (it runs in
 * a thread of its own).
 */
const OWN_PACKAGE_HOOK = `
let ownUrl
export function initialize(data) { ownUrl = data.ownUrl }
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context)
  } catch (error) {
    if (specifier !== 'skein' && !specifier.startsWith('skein/')) throw error
    return next(specifier, { ...context, parentURL: ownUrl })
  }
}`

/**
 * The workload that a case names.
 * @param workload a name, or the absolute path of a module that exports one by default
 * @throws BAD_REQUEST
 */
export async function loadWorkload(workload: string): Promise<Workload> {
  const known = WORKLOADS.find(({ name }) => name === workload)
  if (known !== undefined) return known
  if (isModulePath(workload)) return loadModule(workload)
  const names = WORKLOADS.map(({ name }) => name).join(', ')
  throw new SkeinError(
    'BAD_REQUEST',
    `there is no workload ${JSON.stringify(workload.slice(0, 40))}: take one of ${names}, or give the path of a module`,
  )
}

async function loadModule(path: string): Promise<Workload> {
  register(`data:text/javascript,${encodeURIComponent(OWN_PACKAGE_HOOK)}`, { data: { ownUrl: import.meta.url } })
  const loaded: unknown = await import(pathToFileURL(path).href).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SkeinError('BAD_REQUEST', `the workload ${path} can't be loaded: ${reason}`, { cause: error })
  })
  const exported = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : null
  if (isWorkload(exported)) return exported
  throw new SkeinError('BAD_REQUEST', `${path} exports no workload: its default export needs "name", "description" and "start(context)"`)
}

function isWorkload(value: unknown): value is Workload {
  if (typeof value !== 'object' || value === null) return false
  return (
    'name' in value && typeof value.name === 'string' && 'description' in value && 'start' in value && typeof value.start === 'function'
  )
}
