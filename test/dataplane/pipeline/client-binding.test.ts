import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AffinityKeys } from '../../../src/dataplane/clusters/affinity/affinity-keys.ts';
import { StickyEndpoints } from '../../../src/dataplane/clusters/affinity/sticky-endpoints.ts';
import { EndpointState } from '../../../src/dataplane/clusters/endpoint-state.ts';
import { ClientBinding } from '../../../src/dataplane/pipeline/client-binding.ts';
import { type CookieAffinity, plainEndpoint } from '../../../src/model/cluster.ts';

const CLUSTER = { service: { namespace: 'default', name: 'web' }, name: 'default-web-80' };
const PLAIN = { isSecure: () => false, userAgent: () => '', now: () => 0 };
const ENDPOINT = new EndpointState(plainEndpoint({ address: '10.0.0.1', port: 80 }), 0, '', 0);

function lineFor(path: string, affinity: Partial<CookieAffinity> = {}): string {
  const cookie: CookieAffinity = { name: 'route', path: '', domain: '', sameSite: 'Lax', secure: 'auto', ...affinity };
  const keys = new AffinityKeys([Buffer.from('a key of the tests')]);
  const sticky = new StickyEndpoints<EndpointState>(cookie, keys, CLUSTER);
  sticky.changed([ENDPOINT]);
  const binding = new ClientBinding();
  binding.begin(sticky, undefined, () => true, true);
  return binding.lineFor(ENDPOINT, path, PLAIN);
}

test('a route whose path has a semicolon adds no attribute to its cookie', () => {
  const rows: [path: string, attribute: string][] = [
    ['/shop', '; Path=/shop;'],
    ['/', '; Path=/;'],
    ['/shop;Domain=example.com', '; Path=/;'],
    ['/shop/a;Domain=example.com/b', '; Path=/shop;'],
    [';', '; Path=/;'],
  ];
  for (const [path, attribute] of rows) {
    const line = lineFor(path);
    assert.ok(line.includes(attribute), line);
    assert.doesNotMatch(line, /Domain/);
  }
});

test('a name of odd characters is written as it is, and the line is one line', () => {
  for (const name of ["!#$%&'*+-.^_`|~", '__Host-a', 'a.*[']) {
    const line = lineFor('/', { name });
    assert.ok(line.startsWith(`Set-Cookie: ${name}=`));
    assert.doesNotMatch(line, /[\r\n]/);
  }
});

test('without a cluster that binds, and without an endpoint that answered, there is no line', () => {
  const binding = new ClientBinding();
  binding.begin(undefined, undefined, () => true, true);
  assert.equal(binding.lineFor(ENDPOINT, '/', PLAIN), '');
});
