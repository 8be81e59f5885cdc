/** Checks that a proxy works, before its speed is measured. */
import { randomBytes } from 'node:crypto';
import type { SecureVersion } from 'node:tls';
import { PATHS } from '../backends/http-backend.ts';
import { exchange } from '../load/exchange.ts';
import { resumes } from '../load/handshakes.ts';
import { BenchError } from '../support/bench-error.ts';
import type { Target } from './scenario.ts';

/**
 * The path without its prefix, the query, the forwarded headers, the client's own, and a body both ways; on the first
 * route and the last.
 */
export async function checkForwarding({ port, prefixes, upstreamPath }: Target): Promise<void> {
  for (const prefix of new Set([prefixes.at(0), prefixes.at(-1)])) {
    const answer = await exchange({ port, path: `${prefix}${PATHS.received}/a?b=1`, headers: { 'X-Bench': 'kept' } });
    ensure(answer.status === 200, `a GET is answered with ${answer.status}`);
    const [request, host = '', forwardedFor = '', own] = answer.body.toString('latin1').split('\n');
    ensure(request === `GET ${upstreamPath.replace('/x', PATHS.received)}/a?b=1`, `the upstream got ${request}`);
    ensure(/^127\.0\.0\.1(:\d+)?$/.test(host), `the upstream got the host ${host}`);
    ensure(forwardedFor === '127.0.0.1', `the upstream got X-Forwarded-For: ${forwardedFor}`);
    ensure(own === 'kept', "the client's own header did not arrive");
    const body = randomBytes(8192).toString('base64url');
    const echo = await exchange({ port, path: `${prefix}${PATHS.echo}`, method: 'POST', body });
    ensure(echo.body.toString('latin1') === body, `a POST comes back otherwise (status ${echo.status})`);
  }
}

export async function checkUpload({ port, prefixes }: Target, bytes: number): Promise<void> {
  const answer = await exchange({ port, path: `${prefixes[0]}${PATHS.sink}`, method: 'POST', body: 'x'.repeat(bytes) });
  const arrived = Number(answer.body.toString('latin1'));
  ensure(arrived > bytes, `of an upload of ${bytes} bytes ${arrived} arrive (status ${answer.status})`);
}

export async function checkDownload({ port, prefixes }: Target, bytes: number): Promise<void> {
  const { body, status } = await exchange({ port, path: `${prefixes[0]}${PATHS.large}` });
  ensure(body.length === bytes, `of a download of ${bytes} bytes ${body.length} arrive (status ${status})`);
}

/** That a session of a version of TLS goes on by its ticket. */
export async function ensureResumed(port: number, version: SecureVersion): Promise<void> {
  ensure(await resumes(port, version), `a session of ${version} does not go on`);
}

/** @throws BenchError unless it is so */
export function ensure(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new BenchError(otherwise);
}
