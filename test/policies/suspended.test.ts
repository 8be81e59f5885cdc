/** What holds for a request while a filter waits for something, whichever filter it is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Filter,
  type FilteredExchange,
  LocalAnswer,
  Refusal,
  type Resume,
  SUSPENDED,
} from '../../src/dataplane/pipeline/filters/filter.ts';
import { eventually } from '../support/eventually.ts';
import { getFields, requestFields } from '../support/http2-fields.ts';
import { type PolicyScene, policyScene } from './scene.ts';

/** Suspends each request until the test says how it goes on. */
class Gate implements Filter {
  readonly waiting: Resume[] = [];
  ended = 0;

  request(exchange: FilteredExchange): typeof SUSPENDED {
    this.waiting.push(exchange.suspend());
    return SUSPENDED;
  }

  end(): void {
    this.ended += 1;
  }

  waits(count: number): Promise<unknown> {
    return eventually(`${count} requests that wait`, () => this.waiting.length === count);
  }
}

/** Puts a filter of the test in the place of those of the guarded route. */
function guard(scene: PolicyScene, filter: Filter): void {
  const route = scene.proxy.state.table?.match('', '/guarded');
  assert.ok(route !== undefined);
  const filters = { request: [{ kind: 'deny-from', filter }], early: 0, response: [] };
  Object.defineProperty(route, 'filters', { value: filters });
}

const POST = 'POST /guarded HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello';

describe('a suspended request', { concurrency: 8 }, () => {
  it('goes on with its body once the filter lets it pass', async t => {
    const scene = await policyScene(t, []);
    const gate = new Gate();
    guard(scene, gate);
    const client = await scene.proxy.connect();
    // The first of them makes the connection to the upstream, and the second takes it.
    for (const count of [1, 2]) {
      await client.send(POST);
      await gate.waits(count);
      assert.equal(scene.upstream.requests.length, count - 1);
      gate.waiting[count - 1]?.(undefined);
      assert.equal((await client.response()).status, 200);
      const request = await scene.upstream.request(count - 1);
      assert.equal(request.body, 'hello');
    }
    assert.equal(scene.upstream.connections.length, 1);
    assert.equal(gate.ended, 2);
  });

  it('is refused or answered, and the connection serves the next one', async t => {
    const scene = await policyScene(t, []);
    const gate = new Gate();
    guard(scene, gate);
    const client = await scene.proxy.connect();
    await client.send(POST);
    await gate.waits(1);
    gate.waiting[0]?.(new Refusal('address_denied', 'why', [['X-Why', 'because']]));
    const refused = await client.response();
    assert.equal(refused.status, 403);
    assert.ok(refused.headers.some(([name, value]) => name === 'X-Why' && value === 'because'));
    await client.send(POST);
    await gate.waits(2);
    const answer = { status: 204, contentType: '', headers: [], body: '' };
    gate.waiting[1]?.(new LocalAnswer(answer));
    assert.equal((await client.response()).status, 204);
    await client.send('GET /open HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.equal(scene.upstream.requests.length, 1);
  });

  it('whose client has left is ended once, and what comes late is ignored', async t => {
    const scene = await policyScene(t, []);
    const gate = new Gate();
    guard(scene, gate);
    const client = await scene.proxy.connect();
    await client.send(POST);
    await gate.waits(1);
    client.destroy();
    const [line] = await scene.proxy.logged(1);
    assert.equal(line?.reason, 'client_left');
    assert.equal(gate.ended, 1);
    gate.waiting[0]?.(undefined);
    gate.waiting[0]?.(new Refusal('address_denied'));
    assert.equal((await scene.get('', '/open')).status, 200);
    assert.equal(scene.upstream.requests.length, 1);
    assert.equal(scene.proxy.logLines.length, 2);
  });

  it('takes what the filter says once', async t => {
    const scene = await policyScene(t, []);
    const gate = new Gate();
    guard(scene, gate);
    const asked = scene.get();
    await gate.waits(1);
    gate.waiting[0]?.(undefined);
    gate.waiting[0]?.(new Refusal('address_denied'));
    assert.equal((await asked).status, 200);
  });

  it('does not hold up other streams of its connection', async t => {
    const scene = await policyScene(t, []);
    const gate = new Gate();
    guard(scene, gate);
    const client = await scene.http2();
    const slow = client.exchange(requestFields('POST', '/guarded'), 'hello');
    await gate.waits(1);
    assert.equal((await client.exchange(getFields('/open'))).status, 200);
    gate.waiting[0]?.(undefined);
    assert.equal((await slow).status, 200);
    assert.equal(scene.upstream.requests[1]?.body, 'hello');
  });

  it('that a bug meets gets 500, and the worker goes on', async t => {
    const scene = await policyScene(t, []);
    const broken: Filter = {
      request: () => {
        throw new Error('a bug of the test');
      },
    };
    guard(scene, broken);
    assert.equal((await scene.get()).status, 500);
    assert.equal((await scene.get('', '/open')).status, 200);
  });
});
