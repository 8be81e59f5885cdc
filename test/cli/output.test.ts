/** `--output`: what scripts get of every command that answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '../../src/formats/yaml.ts';
import { runHere, writeManifest } from './cli-fixture.ts';
import { startInstance } from './running-instance.ts';
import { SERVICES } from './services.ts';

test('JSON and YAML hold the same, whatever is asked, with the same exit code', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const file = await writeManifest(context, SERVICES);
  const running = ['--admin-socket', socketPath];
  const questions: [argv: string[], code: number][] = [
    [['backends', ...running], 0],
    [['backends', 'web-shop-80', ...running], 0],
    [['explain', '/volume/x', ...running], 0],
    [['explain', '/nothing', ...running], 1],
    [['explain', '/..', ...running], 1],
    [['explain', '/volume/x', '--manifests', file], 0],
    [['check', file], 1],
  ];
  for (const [argv, code] of questions) {
    const json = await runHere([...argv, '--output', 'json']);
    const yaml = await runHere([...argv, '-o', 'yaml']);
    assert.deepEqual([json.code, yaml.code], [code, code], argv.join(' '));
    assert.deepEqual(parseYaml(yaml.stdout), JSON.parse(json.stdout), argv.join(' '));
  }
});

test('explain answers alike from an instance and from manifests', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const file = await writeManifest(context, SERVICES);
  const ask = async (...from: string[]) =>
    JSON.parse((await runHere(['explain', '/volume/x?y', '--output', 'json', ...from])).stdout);
  const answer = await ask('--admin-socket', socketPath);
  assert.deepEqual(answer, await ask('--manifests', file));
  assert.equal(answer.target, '/volume/x?y');
  assert.equal(answer.upstreamTarget, '/x?y');
  assert.deepEqual(answer.route.service, { namespace: 'default', name: 'volume' });
});

test('explain says which status is made here', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const statusOf = async (target: string) =>
    JSON.parse((await runHere(['explain', target, '-o', 'json', '--admin-socket', socketPath])).stdout).status;
  assert.deepEqual(
    [await statusOf('/volume'), await statusOf('/nothing'), await statusOf('/a%zz')],
    [undefined, 404, 400],
  );
});

test('check lists remarks with their places', async context => {
  const file = await writeManifest(context, SERVICES);
  const { services, exposed, routes, problems, warnings, remarks } = JSON.parse(
    (await runHere(['check', file, '--output', 'json'])).stdout,
  );
  assert.deepEqual(
    { services, exposed, routes, problems, warnings },
    { services: 4, exposed: 3, routes: 4, problems: 1, warnings: 2 },
  );
  assert.equal(remarks.length, 3);
  assert.equal(remarks.filter(({ severity }: { severity: string }) => severity === 'problem').length, 1);
  for (const remark of remarks) assert.equal(remark.file, file);
});

test('status: --json is --output json, and agrees with it only', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const ask = (...args: string[]) => runHere(['status', '--admin-socket', socketPath, ...args]);
  const keys = Object.keys(JSON.parse((await ask('--json')).stdout));
  assert.deepEqual(keys, Object.keys(JSON.parse((await ask('--output', 'json')).stdout)));
  assert.equal((await ask('--json', '--output', 'json')).code, 0);
  assert.deepEqual(await ask('--json', '--output', 'yaml'), {
    code: 2,
    stdout: '',
    stderr:
      'kube-entry: --json and --output exclude each other: choose one\nkube-entry: see kube-entry status --help\n',
  });
});

test('a format that there is not is refused before anything is asked', async () => {
  for (const argv of [['routes'], ['backends'], ['status'], ['explain', '/'], ['check', 'nowhere.yaml']]) {
    const { code, stderr } = await runHere([...argv, '--output', 'jsn']);
    assert.deepEqual(
      { code, stderr: stderr.split('\n') },
      {
        code: 2,
        stderr: [
          'kube-entry: --output: "jsn" must be one of table, json, yaml; did you mean json?',
          `kube-entry: see kube-entry ${argv[0]} --help`,
          '',
        ],
      },
    );
  }
});
