import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { test } from 'node:test';
import { DescriptorWatch } from '../../src/control/descriptor-watch.ts';
import { openFilesLimit, type ProcessLimits, warnOfLimits } from '../../src/process/limits.ts';

function warnings(workers: number, workerConnections: number, limits: Partial<ProcessLimits>): string[] {
  const said: string[] = [];
  const logger = { warn: (_fields: object, message: string) => void said.push(message) };
  warnOfLimits({ workers, workerConnections }, { openFiles: undefined, memory: undefined, ...limits }, logger);
  return said;
}

test('too few files for the connections of all workers are said with both numbers and what to do', () => {
  assert.deepEqual(warnings(2, 16_384, { openFiles: 65_536 }), []);
  const [message = '', ...others] = warnings(2, 16_384, { openFiles: 65_535 });
  assert.deepEqual(others, []);
  assert.match(
    message,
    /^65535 files may be open, and 32768 client connections .* need 65536: raise the limit .*ulimit -n/,
  );
});

test('a memory limit below what idle connections take is said, too; the one of deploy/ is above it', () => {
  assert.deepEqual(warnings(2, 16_384, { memory: 512 * 1024 * 1024 }), []);
  const [message = ''] = warnings(4, 65_536, { memory: 512 * 1024 * 1024 });
  assert.match(message, /^the memory limit is 537 MB, and 262144 idle client connections need about 1655: /);
});

test('where the system tells nothing, nothing is said', () => {
  assert.deepEqual(warnings(64, 1_000_000, {}), []);
});

test('the limit of open files is what the system says', { skip: process.platform !== 'linux' }, () => {
  assert.ok((openFilesLimit() ?? 0) > 0);
});

test('a lack of descriptors is counted at each look, said every ten seconds, and said when it is over', () => {
  const said: string[] = [];
  const logger = {
    error: (_fields: object, message: string) => void said.push(message.split(':')[0] ?? ''),
    info: (message: string) => void said.push(message),
  };
  let now = 0;
  let code: string | undefined;
  const open = (): number => {
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    return openSync('/dev/null', 'r');
  };
  const watch = new DescriptorWatch(logger, open, () => now);
  watch.close();
  const lookFor = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1, now += 1_000) watch.look();
  };
  lookFor(3);
  assert.deepEqual([watch.exhausted, said], [0, []]);
  code = 'EMFILE';
  lookFor(11);
  assert.equal(watch.exhausted, 11);
  assert.deepEqual(said, ['no file descriptor is left', 'no file descriptor is left']);
  code = 'EACCES';
  lookFor(1);
  assert.equal(watch.exhausted, 11, 'that is something else');
  code = undefined;
  lookFor(2);
  assert.deepEqual(said.slice(2), ['file descriptors are left again']);
});
