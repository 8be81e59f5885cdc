import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServingProgram } from '../cli/serve-fixture.ts';
import { get } from '../support/exchange.ts';
import { addProgram, blocks, follow, outputOf } from './guide.ts';
import { textOf } from './objects.ts';

describe('the migration guide', () => {
  it('says of every command where it can be run, and shows none outside a block', () => {
    assert.ok(blocks().length >= 12);
    const rest = textOf('migration.md').replaceAll(/^```[\s\S]*?^```$/gm, '');
    assert.doesNotMatch(rest, /^ {4}(?:kubectl|curl|kube-entry|sed) /m);
  });

  it('holds true line by line, as far as no cluster is asked', async t => {
    const program = await ServingProgram.start(t);
    addProgram(program.directory);
    const ran = await follow(
      blocks().filter(({ place }) => place === 'local'),
      { folder: program.directory },
    );

    const translated = outputOf(ran, 'kube-entry check services');
    assert.match(translated, /1 file, 2 Services, 2 exposed, 2 routes, 0 problems, 0 warnings/);
    assert.match(translated, /\/v2 .*default\/registry/);
    assert.match(translated, /It gets +\/api\/v1\/pools/);

    const judged = outputOf(ran, 'kube-entry explain --manifests dump.yaml');
    assert.match(judged, /Nothing would be lost\./);
    assert.match(judged, /shop\.example\.com +~\* \^\/app/);
    assert.match(judged, /It gets +\/cart/);

    const written = outputOf(ran, 'cat gateway.yaml');
    assert.match(written, /kind: HTTPRoute/);
    assert.match(written, /type: ReplacePrefixMatch/);

    const asked = outputOf(ran, 'curl --silent --unix-socket admin.sock http://localhost/nginx_status');
    assert.match(asked, /^Active connections: 1 \nserver accepts handled requests\n/);
    assert.match(asked, /^200$/m);
    assert.match(asked, /"controllerPodsCount":1/);

    const pushed = outputOf(ran, '@backends.json');
    assert.match(pushed, /^OK$/m);
    assert.match(pushed, /10\.12\.4\.133/);
    assert.match(pushed, /It gets +\/x/);

    const refused = outputOf(ran, '"name":1');
    assert.match(refused, /name/);
    assert.match(refused, /proxyReadTimeout: /);
    assert.match(outputOf(ran, '/metrics'), /^nginx_connections_accepted \d+\n/);
    assert.equal((await get(program.admin, '/configuration/backends')).body, '[]', 'the last push');
  });
});
