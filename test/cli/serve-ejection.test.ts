/** An endpoint whose requests fail, from its ejection to its return, as a person follows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { answer, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { service } from '../support/services.ts';
import { runHere } from './cli-fixture.ts';
import { ServingProgram } from './serve-fixture.ts';

const PATIENCE_MS = 180_000;

test('an endpoint that fails is shown as ejected, with the reason, and as ready when it is well again', async context => {
  let isIll = true;
  const handler: UpstreamHandler = async request => {
    await request.whole();
    await request.connection.send(isIll ? answer('', '', '503 Service Unavailable') : answer('well'));
  };
  const ill = await RawUpstream.start(context, handler);
  const good = await RawUpstream.start(context);
  const slices = [good, ill].map(({ address: { host, port } }, index) =>
    endpointSlice('cart', {
      name: `cart-${index}`,
      ports: [{ name: 'http', port, protocol: 'TCP' }],
      endpoints: [endpoint(host, `pod-${index}`)],
    }),
  );
  const cart = service('cart', { annotations: { path: '/cart', balance: 'round-robin' } });
  const program = await ServingProgram.start(context, {
    manifests: [cart, ...slices],
    args: ['--outlier-ejection-time', '1s'],
  });
  const ask = async (...argv: string[]): Promise<string> =>
    (await runHere([...argv, '--admin-socket', program.adminSocket])).stdout;
  const lineOf = (stdout: string, { address }: RawUpstream): string =>
    stdout.split('\n').find(line => line.includes(`${address.host}:${address.port} `)) ?? '';

  await eventually(
    'the ejection',
    async () => {
      await program.get('/cart');
      return / ejected .*too many requests in a row failed/.test(lineOf(await ask('backends', 'default-cart-80'), ill));
    },
    PATIENCE_MS,
  );
  const explained = await ask('explain', '/cart');
  assert.match(lineOf(explained, good), / 100 % /);
  assert.match(lineOf(explained, ill), / - .*(?:ejected|one request will try it next)/);
  assert.match(await ask('status'), /^ {2}Endpoints +1 ready, 1 ejected /m);

  isIll = false;
  await eventually(
    'its return',
    async () => {
      await program.get('/cart');
      return / ready /.test(lineOf(await ask('backends', 'default-cart-80'), ill));
    },
    PATIENCE_MS,
  );
  assert.match(lineOf(await ask('explain', '/cart'), ill), / 50 % /);
});
