/** Helm: where `npm run test:assets:helm` puts it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { builtFrom } from './test-assets.ts';

/** The Go module that names its version. */
export const HELM_MODULE = join(import.meta.dirname, '../assets/helm');

/** A folder for what is built of the module as it is now. */
export function helmAssets(): string {
  return builtFrom(HELM_MODULE, ['go.mod', 'go.sum']);
}

export function helmProgram(): string {
  return join(helmAssets(), 'helm');
}

/** Options of a test that runs it: it is skipped where it has not been built, and says how to. */
export const NEEDS_HELM = { skip: !existsSync(helmProgram()) && 'not built: npm run test:assets:helm (needs Go)' };
