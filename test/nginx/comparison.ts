/**
 * The same bytes go to nginx and to an engine, each in front of an upstream that does the same. What nginx made of them is
 * then edited by the differences that the case names; the result must be what the engine made of them. So a difference
 * no edit names fails, and so does a named difference that is not there.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ENGINES } from '../conformance/engines.ts';
import { needs } from '../support/installed.ts';
import { startNginx } from '../support/nginx.ts';
import { ERROR_PAGE, startProxy } from '../support/proxy-under-test.ts';
import { RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { type Edit, everywhere } from './edits.ts';
import { type Exchange, type Outcome, outcomeOf, type ServerUnderTest } from './outcome.ts';

/** A place where this proxy departs from nginx on purpose. */
export interface Difference {
  /** Where contract.md says so. */
  readonly section: string;
  readonly reason: string;
}

export interface Case<Id extends string> extends Exchange {
  readonly name: string;
  /** What both upstreams do; the default answers with 200. */
  readonly upstream?: UpstreamHandler;
  /** What is different here, and what it makes of nginx's outcome. Applied in this order. */
  readonly differs?: Partial<Record<Id, Edit>>;
}

export interface Comparison<Id extends string> {
  readonly name: string;
  /** The path of the `location` block: the engine's route is /volume in any case. */
  readonly location: '/volume' | '/volume/';
  readonly differences: Readonly<Record<Id, Difference>>;
  readonly cases: readonly Case<Id>[];
  /** Both servers' patience with an upstream that does not answer; far beyond what any takes that does. */
  readonly readTimeoutMs?: number;
}

export function compareWithNginx<Id extends string>(comparison: Comparison<Id>): void {
  const { name, location, differences, cases, readTimeoutMs = 30_000 } = comparison;
  for (const { name: engine } of ENGINES) {
    test(`nginx and ${engine}: ${name}`, { timeout: 600_000, ...needs('nginx') }, async t => {
      const nginx = await startNginxInFront(t, location, readTimeoutMs);
      const ours = await startEngineInFront(t, engine, readTimeoutMs);
      const occurred = new Set<string>();
      for (const one of cases) {
        await t.test(one.name, async () => {
          const handler = one.silence ? () => {} : (one.upstream ?? answersOnce);
          nginx.upstream.handler = handler;
          ours.upstream.handler = handler;
          const [theirOutcome, ourOutcome] = await Promise.all([outcomeOf(nginx, one), outcomeOf(ours, one)]);
          assert.deepEqual(ourOutcome, edited(theirOutcome, one, occurred));
        });
      }
      await t.test('every difference listed is there', () => {
        assert.deepEqual(
          Object.keys(differences).filter(id => !occurred.has(id)),
          [],
        );
      });
    });
  }
}

function edited<Id extends string>(outcome: Outcome, one: Case<Id>, occurred: Set<string>): Outcome {
  let result = everywhere(outcome, one.send);
  for (const [id, edit] of Object.entries(one.differs ?? {}) as [Id, Edit][]) {
    const before = result;
    result = edit(before);
    assert.ok(!isDeepStrictEqual(before, result), `"${id}" makes no difference here: nginx does the same`);
    occurred.add(id);
  }
  return result;
}

/** What every case that says nothing else gets from the upstream. */
export const ANSWER =
  'HTTP/1.1 200 OK\r\nServer: theirs\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nX-Upstream: 1\r\nContent-Length: 2\r\n\r\nok';

const answersOnce: UpstreamHandler = async request => {
  await request.whole();
  await request.connection.send(ANSWER);
};

async function startNginxInFront(t: TestContext, location: string, readTimeoutMs: number): Promise<ServerUnderTest> {
  const upstream = await RawUpstream.start(t);
  upstream.toleratesMalformed = true;
  const { host, port } = upstream.address;
  const server = `
    location ${location} {
      proxy_pass http://${host}:${port}/;
      proxy_redirect off;
      proxy_read_timeout ${readTimeoutMs}ms;
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }`;
  return { address: await startNginx(t, { server, errorPage: ERROR_PAGE }), upstream };
}

async function startEngineInFront(
  t: TestContext,
  engine: (typeof ENGINES)[number]['name'],
  readTimeoutMs: number,
): Promise<ServerUnderTest> {
  const upstream = await RawUpstream.start(t);
  const proxy = await startProxy(t, engine, {
    routes: [{ path: '/volume', to: upstream }],
    settings: { proxyReadTimeout: readTimeoutMs },
  });
  return { address: proxy.address, upstream };
}
