/** `npm run bench:pods`: what it costs and brings to balance over pods, beside nginx and HAProxy. `-- --help` lists the options. */
import { runClusterBench } from '../support/cluster-bench.ts';
import { pinThisProcess, splitCpus } from '../support/cpus.ts';
import { parseOptions, USAGE } from './options.ts';
import { markdown } from './report/markdown.ts';
import { runPods } from './run-pods.ts';

process.exitCode = await runClusterBench({
  name: 'pods',
  file: import.meta.filename,
  usage: USAGE,
  parseOptions,
  run({ parts, extent }, folder, progress) {
    const cpus = splitCpus();
    pinThisProcess(cpus.load);
    return runPods(parts, extent, { folder, cpus, progress });
  },
  markdown,
});
