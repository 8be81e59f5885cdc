import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DEPLOY, dig, listAt, objectIn, textOf } from './objects.ts';

const ROOT = join(DEPLOY, '..');
const instructions = textOf('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter(line => line !== '');
const last = (word: string): string | undefined => instructions.findLast(line => line.startsWith(`${word} `));

describe('the image', () => {
  it('is built of files that exist and that the ignore file lets through', () => {
    const allowed = textOf('Dockerfile.dockerignore')
      .split('\n')
      .filter(line => line.startsWith('!'))
      .map(line => line.slice(1));
    const copied = instructions
      .filter(line => /^COPY (?!--from)/.test(line))
      .flatMap(line => line.split(' ').slice(1, -1));
    assert.deepEqual([...new Set(copied)].sort(), allowed.sort());
    for (const file of allowed) assert.ok(existsSync(join(ROOT, file)), file);
  });

  it('runs as the user that the Deployment demands', () => {
    const { runAsUser, runAsGroup } = dig(
      objectIn('base/deployment.yaml'),
      'spec',
      'template',
      'spec',
      'securityContext',
    ) as Record<string, unknown>;
    assert.equal(last('USER'), `USER ${runAsUser}:${runAsGroup}`);
  });

  it('exposes the ports of the Deployment', () => {
    const ports = listAt(objectIn('base/deployment.yaml'), 'spec', 'template', 'spec', 'containers', 0, 'ports');
    assert.equal(last('EXPOSE'), `EXPOSE ${ports.map(port => dig(port, 'containerPort')).join(' ')}`);
  });

  it('works where the Deployment mounts a folder that may be written to', () => {
    const mounts = listAt(
      objectIn('base/deployment.yaml'),
      'spec',
      'template',
      'spec',
      'containers',
      0,
      'volumeMounts',
    );
    const folder = last('WORKDIR')?.split(' ')[1];
    assert.ok(mounts.some(mount => dig(mount, 'mountPath') === folder));
    assert.ok(instructions.some(line => line.includes(`--owner=node --group=node ${folder}`)));
  });

  it('starts the program of the package, without a shell', () => {
    assert.equal(last('ENTRYPOINT'), 'ENTRYPOINT ["kube-entry"]');
    const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const program = dig(manifest, 'bin', 'kube-entry');
    assert.ok(instructions.some(line => line.includes(`/opt/kube-entry/${program} /usr/local/bin/kube-entry`)));
    assert.match(readFileSync(join(ROOT, 'src/main.ts'), 'utf8'), /^#!\/usr\/bin\/env -S node --disable-sigusr1\n/);
  });

  it('takes no development dependency along', () => {
    const modules = instructions.find(line => line.includes('/build/node_modules'));
    const stage = /--from=(\w+)/.exec(modules ?? '')?.[1];
    const start = instructions.indexOf(`FROM manifest AS ${stage}`);
    assert.match(instructions[start + 1] ?? '', /^RUN npm ci --omit=dev /);
  });
});
