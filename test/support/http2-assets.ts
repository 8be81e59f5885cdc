/** Go's programs for the tests of HTTP/2: where `npm run test:assets:http2` puts them. */
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { builtFrom } from './test-assets.ts';

/** The Go module that they are built from. */
export const HTTP2_MODULE = join(import.meta.dirname, '../assets/http2');

/** The folders of programs of our own. */
export const OWN_PROGRAMS = ['oracle', 'client'] as const;

/** h2spec (RFC 7540 and 7541), the decoders of golang.org/x/net, a client of net/http. */
export type Http2Program = 'h2spec' | (typeof OWN_PROGRAMS)[number];

/** A folder for what is built of the module as it is now. */
export function http2Assets(): string {
  return builtFrom(HTTP2_MODULE, ['go.mod', 'go.sum', ...globSync('*/*.go', { cwd: HTTP2_MODULE }).sort()]);
}

export function http2Program(program: Http2Program): string {
  return join(http2Assets(), program);
}

/** Options of a test that runs such a program: it is skipped where it has not been built, and says how to. */
export function needsHttp2Program(program: Http2Program): { readonly skip: string | false } {
  return { skip: !existsSync(http2Program(program)) && `${program} not built: npm run test:assets:http2 (needs Go)` };
}
