/** `npm run bench:scale`: ten thousand Services of a real API server, and nginx with as many locations. `-- --help` lists the options. */
import { accessSync, constants } from 'node:fs';
import { runClusterBench } from '../support/cluster-bench.ts';
import { parseOptions, USAGE } from './options.ts';
import { markdown } from './report/markdown.ts';
import { runScale } from './run-scale.ts';

/** etcd waits for the disk with every write, and a disk is not what is measured. */
const IN_MEMORY = '/dev/shm';

if (isWritable(IN_MEMORY)) process.env.TMPDIR = IN_MEMORY;
process.exitCode = await runClusterBench({
  name: 'scale',
  file: import.meta.filename,
  usage: USAGE,
  parseOptions,
  run: (options, folder, progress) => runScale(options, { folder, progress }),
  markdown,
});

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
