/** That a proxy does its work, before anybody asks how fast. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { PATHS } from '../backends/http-backend.ts';
import { exchange } from '../load/exchange.ts';
import type { Target } from './scenario.ts';

/** The path without its prefix, the query, the forwarded headers, the client's own, and a body both ways; on the first and last route. */
export async function checkForwarding({ port, prefixes, upstreamPath }: Target): Promise<void> {
  for (const prefix of new Set([prefixes.at(0), prefixes.at(-1)])) {
    const answer = await exchange({ port, path: `${prefix}${PATHS.received}/a?b=1`, headers: { 'X-Bench': 'kept' } });
    assert.equal(answer.status, 200, `a GET is answered with ${answer.status}`);
    const [request, host, forwardedFor, own] = answer.body.toString('latin1').split('\n');
    assert.equal(request, `GET ${upstreamPath.replace('/x', PATHS.received)}/a?b=1`, `the upstream got ${request}`);
    assert.match(host ?? '', /^127\.0\.0\.1(:\d+)?$/, `the upstream got the host ${host}`);
    assert.match(forwardedFor ?? '', /127\.0\.0\.1/, `the upstream got X-Forwarded-For: ${forwardedFor}`);
    assert.equal(own, 'kept', "the client's own header did not arrive");
    const body = randomBytes(8192).toString('base64url');
    const echo = await exchange({ port, path: `${prefix}${PATHS.echo}`, method: 'POST', body });
    assert.equal(echo.body.toString('latin1'), body, `a POST comes back otherwise (status ${echo.status})`);
  }
}

export async function checkSink({ port, prefixes }: Target, bytes: number): Promise<void> {
  const answer = await exchange({ port, path: `${prefixes[0]}${PATHS.sink}`, method: 'POST', body: 'x'.repeat(bytes) });
  assert.equal(answer.body.toString('latin1'), String(bytes), `an upload of ${bytes} bytes arrives otherwise`);
}

export async function checkDownload({ port, prefixes }: Target, bytes: number): Promise<void> {
  const answer = await exchange({ port, path: `${prefixes[0]}${PATHS.large}` });
  assert.equal(answer.body.length, bytes, `a download of ${bytes} bytes has ${answer.body.length}`);
}
