/** grpc-go's interoperability programs: where `npm run test:assets:grpc` puts them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { builtFrom } from './test-assets.ts';

/** The Go module that names their version. */
export const GRPC_MODULE = join(import.meta.dirname, '../assets/grpc');

/** A folder for what is built of the module as it is now. */
export function grpcAssets(): string {
  return builtFrom(GRPC_MODULE, ['go.mod', 'go.sum']);
}

export function grpcProgram(program: 'client' | 'server'): string {
  return join(grpcAssets(), program);
}

/** Options of a test that runs them: it is skipped where they have not been built, and says how to. */
export const NEEDS_GRPC_GO = {
  skip: !existsSync(grpcProgram('client')) && 'not built: npm run test:assets:grpc (needs Go)',
};
