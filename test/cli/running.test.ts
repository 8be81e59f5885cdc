import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runHere, scratchDirectory } from './cli-fixture.ts';
import { startInstance } from './running-instance.ts';
import { SERVICES } from './services.ts';

test('status tells people of versions, routes and connections', async context => {
  const { socketPath, counters } = await startInstance(context, SERVICES);
  counters.add('accepted', 189_907);
  counters.add('handled', 189_907);
  counters.add('requests', 1_662_365);
  counters.add('active', 72);
  counters.add('writing', 9);
  counters.add('waiting', 63);
  const { code, stdout, stderr } = await runHere(['status', '--admin-socket', socketPath]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const lines = stdout.split('\n');
  assert.equal(lines[0], `kube-entry 9.8.7 on ${socketPath} is ready`);
  assert.equal(
    lines[1],
    '  Routes       4 routes in version 1 of the table, 1 refusal, 1 conflict (why: kube-entry routes)',
  );
  assert.equal(lines[2], '  Source       manifests, in sync');
  // The connection that asks is not counted.
  assert.equal(lines[3], '  Connections  72 active: 0 reading, 9 writing, 63 waiting');
  assert.equal(lines[4], '  Since start  189907 accepted, 189907 handled, 1662365 requests');
});

test('status names the workers that do not answer, for people and for scripts', async context => {
  const lag = 'kube_entry_worker_lag_seconds';
  const { socketPath } = await startInstance(context, SERVICES, `${lag}{worker="1"} 1\n${lag}{worker="2"} 7.4\n`);
  const { code, stdout } = await runHere(['status', '--admin-socket', socketPath]);
  assert.equal(code, 0);
  assert.match(stdout, /^ {2}Workers +2 has not answered for 7 s$/m);
  const { stdout: json } = await runHere(['status', '--json', '--admin-socket', socketPath]);
  assert.deepEqual(JSON.parse(json).lateWorkers, [{ worker: '2', silentSeconds: 7.4 }]);
});

test('status counts endpoints by state, and says where to read why one gets no requests', async context => {
  const series = (service: string, state: string, count: number) =>
    `kube_entry_endpoints{namespace="shop",service="${service}",state="${state}"} ${count}\n`;
  const metrics = series('cart', 'ready', 2) + series('cart', 'ejected', 1) + series('search', 'ready', 3);
  const { socketPath } = await startInstance(context, SERVICES, metrics);
  const { stdout } = await runHere(['status', '--admin-socket', socketPath]);
  assert.match(stdout, /^ {2}Endpoints +5 ready, 1 ejected \(why: kube-entry backends NAME\)$/m);
  const { stdout: json } = await runHere(['status', '--json', '--admin-socket', socketPath]);
  assert.deepEqual(JSON.parse(json).endpoints, { ready: 5, ejected: 1 });
});

test('status counts certificates and their problems, and says where to read which', async context => {
  const problem = (reason: string, count: number) => `kube_entry_certificate_problems{reason="${reason}"} ${count}\n`;
  const metrics = `kube_entry_certificates 7\n${problem('SecretAbsent', 2)}${problem('CertificateExpired', 1)}`;
  const { socketPath } = await startInstance(context, SERVICES, metrics);
  const { stdout } = await runHere(['status', '--admin-socket', socketPath]);
  const expected = /^ {2}Certificates +7, 2 SecretAbsent, 1 CertificateExpired \(why: kube-entry certificates\)$/m;
  assert.match(stdout, expected);
  const { stdout: json } = await runHere(['status', '--json', '--admin-socket', socketPath]);
  assert.deepEqual(JSON.parse(json).certificates, { count: 7, problems: { SecretAbsent: 2, CertificateExpired: 1 } });
});

test('status counts Gateways, their listeners, routes and ports where any is served', async context => {
  const metrics = [
    'kube_entry_gateways{state="programmed"} 2',
    'kube_entry_gateways{state="refused"} 0',
    'kube_entry_gateway_listeners{state="programmed"} 3',
    'kube_entry_gateway_routes{state="attached"} 5',
    'kube_entry_gateway_routes{state="refused"} 1',
    'kube_entry_gateway_ports{state="listening"} 0',
    '',
  ].join('\n');
  const { socketPath } = await startInstance(context, SERVICES, metrics);
  const { stdout } = await runHere(['status', '--admin-socket', socketPath]);
  assert.match(
    stdout,
    /^ {2}Gateways +Gateways: 2 programmed; listeners: 3 programmed; routes: 5 attached, 1 refused; ports: none \(why: /m,
  );
  const { stdout: json } = await runHere(['status', '--json', '--admin-socket', socketPath]);
  assert.deepEqual(JSON.parse(json).gateways.routes, { attached: 5, refused: 1 });
  const { socketPath: without } = await startInstance(context, SERVICES);
  assert.doesNotMatch((await runHere(['status', '--admin-socket', without])).stdout, /Gateways/);
});

test('status --json is for scripts', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const { code, stdout } = await runHere(['status', '--json', '--admin-socket', socketPath]);
  assert.equal(code, 0);
  const { build, table, connections } = JSON.parse(stdout);
  assert.equal(build.version, '9.8.7');
  assert.deepEqual(table, {
    version: 1,
    initialised: true,
    draining: false,
    source: { kind: 'manifests', synced: true },
    routes: 4,
    refusals: 1,
    conflicts: 1,
  });
  assert.equal(connections.waiting, 0);
  assert.equal(connections.active, 0);
});

test('an instance without its first table is not ready, and says what is wrong', async context => {
  const { socketPath } = await startInstance(context);
  const { code, stdout } = await runHere(['status', '--admin-socket', socketPath]);
  assert.equal(code, 1);
  assert.match(stdout, /is not ready: no complete route table yet/);
  assert.match(stdout, /Source +kube, not in sync: cannot reach the Kubernetes API/);
});

test('backends lists all with their endpoints, and shows those of one with their state', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const all = await runHere(['backends', '--admin-socket', socketPath]);
  assert.deepEqual(
    { ...all, stdout: all.stdout.split('\n') },
    {
      code: 0,
      stdout: [
        'NAME                 PORT  CLUSTER IP  ENDPOINTS',
        'default-volume-8080  8080  10.0.0.1    10.0.0.1:8080',
        'web-shop-80          80    fd00::1     [fd00::1]:80',
        'default-young-80     80    10.0.0.3    10.0.0.3:80',
        '',
      ],
      stderr: '',
    },
  );
  const report = await runHere(['backends', 'default-volume-8080', '--admin-socket', socketPath]);
  assert.equal(report.code, 0);
  assert.match(report.stdout, /^default-volume-8080\n {2}Service +default\/volume\n {2}Balance +service: kube-proxy /);
  assert.match(report.stdout, /\n {2}10\.0\.0\.1:8080 /);
  const one = await runHere(['backends', 'default-volume-8080', '-o', 'json', '--admin-socket', socketPath]);
  assert.equal(one.code, 0);
  assert.deepEqual(JSON.parse(one.stdout).endpoints, [{ address: '10.0.0.1', port: '8080' }]);
});

test('backends finds those of a Service by its name', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  for (const name of ['volume', 'default/volume']) {
    const { code, stdout } = await runHere(['backends', name, '--admin-socket', socketPath]);
    assert.deepEqual([code, stdout.split('\n')[0]], [0, 'default-volume-8080']);
  }
  const json = await runHere(['backends', 'volume', '-o', 'json', '--admin-socket', socketPath]);
  assert.deepEqual(
    JSON.parse(json.stdout).map(({ name }: { name: string }) => name),
    ['default-volume-8080'],
  );
  assert.equal((await runHere(['backends', 'other/volume', '--admin-socket', socketPath])).code, 1);
});

test('backends without any say where they come from', async context => {
  const { socketPath } = await startInstance(context);
  const { code, stdout, stderr } = await runHere(['backends', '--admin-socket', socketPath]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.match(stdout, /^No backends: .* Try kube-entry routes\.\n$/);
});

test('a misspelt backend is answered with the nearest name', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const near = await runHere(['backends', 'default-volume-80', '--admin-socket', socketPath]);
  assert.deepEqual(near, {
    code: 1,
    stdout: '',
    stderr: 'No backend has this name. Did you mean default-volume-8080?\n',
  });
  const far = await runHere(['backends', 'x', '--admin-socket', socketPath]);
  assert.equal(far.stderr, 'No backend has this name. kube-entry backends lists the names.\n');
});

test('every question to an instance that does not run is an answer of no, with what to do', async context => {
  const socketPath = join(await scratchDirectory(context), 'admin.sock');
  for (const question of [['status'], ['backends'], ['explain', '/volume']]) {
    const { code, stdout, stderr } = await runHere([...question, '--admin-socket', socketPath]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' }, question.join(' '));
    assert.match(
      stderr,
      /^kube-entry: there is no admin socket at .*is it running\? .*--admin-socket PATH\n$/,
      question.join(' '),
    );
  }
});
