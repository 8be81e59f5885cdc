import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Admission, Balancer, Candidate } from '../../../src/dataplane/clusters/balancers/balancer.ts';
import { Ewma } from '../../../src/dataplane/clusters/balancers/ewma.ts';
import { RendezvousHash } from '../../../src/dataplane/clusters/balancers/hash.ts';
import { LeastRequest } from '../../../src/dataplane/clusters/balancers/least-request.ts';
import { RoundRobin } from '../../../src/dataplane/clusters/balancers/round-robin.ts';
import { slowStartShare } from '../../../src/dataplane/clusters/slow-start.ts';
import { seededRandom } from '../../../src/seeded-random.ts';
import { endpoints, firstByte, inFlight, request, shares, type TestEndpoint } from './balancers/endpoints.ts';

test('the share grows evenly from a tenth, and is whole after the window', () => {
  const at = [0, 1_000, 15_000, 29_999, 30_000, 90_000].map(age => slowStartShare(age, 30_000));
  assert.deepEqual(at, [0.1, 0.1, 0.5, 29_999 / 30_000, 1, 1]);
  assert.equal(slowStartShare(0, 0), 1);
});

const random = seededRandom(3);

const balancers: Record<string, Balancer<TestEndpoint>> = {
  'least-request': new LeastRequest(inFlight, random, firstByte),
  'round-robin': new RoundRobin(random),
  ewma: new Ewma(inFlight, random, () => 0),
  hash: new RendezvousHash(({ uri }) => uri(), new RoundRobin<TestEndpoint>(random)),
};

for (const [name, balancer] of Object.entries(balancers)) {
  test(`${name}: a new endpoint that is refused part of its picks takes its part, and the others take the rest`, () => {
    for (const count of [3, 10]) {
      const among = endpoints(count);
      balancer.changed(among);
      const [fresh] = among;
      const admission: Admission<Candidate> = { admits: endpoint => endpoint !== fresh || random() < 0.25 };
      const [share = 0] = shares(20_000, among, turn => balancer.pick(request({ uri: `/${turn}` }), admission));
      // Of its share among all, or of the picks that are left to it.
      assert.ok(share > 0.2 / count && share < 0.3 / (count - 1), `${count}: ${share}`);
    }
  });
}
