/**
 * `npm run test:gateway`: the program, judged by the conformance suite of the Gateway API as it is published, in a cluster of a
 * real kube-apiserver, etcd and kube-controller-manager. `-- --help` lists the options. Where a program is missing, it says so, and
 * nothing fails.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../src/errors.ts';
import { hasClusterNetwork, runInClusterNetwork } from '../../support/cluster-network.ts';
import { gatewayProgram } from '../../support/gateway-assets.ts';
import { testAsInImage } from '../../support/image-program.ts';
import { needs } from '../../support/installed.ts';
import { TemporaryFolder } from '../../support/real-process.ts';
import { assetsFolder, hasControllers, MissingAssetsError } from '../../support/test-assets.ts';
import { Ground, UNUSABLE_ADDRESS, USABLE_ADDRESS } from './ground.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { reportName, runSuite } from './suite.ts';
import { failedTests, summary, verdicts } from './verdict.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
/** Of each test, for who sits and waits. A log would have what failed twice, and all the rest. */
const progress = process.stdout.isTTY ? print : () => undefined;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options.isHelp) print(USAGE);
    if (options.isHelp) return 0;
    checkPrograms();
    if (!(await hasClusterNetwork())) return await runInClusterNetwork(import.meta.filename, args);
    return await judge(options);
  } catch (error) {
    process.stderr.write(`test:gateway: ${messageOf(error)}\n`);
    return error instanceof MissingAssetsError ? 0 : 1;
  }
}

/** @throws MissingAssetsError */
function checkPrograms(): void {
  assetsFolder();
  if (!hasControllers()) throw new MissingAssetsError('There is no kube-controller-manager beside the API server.');
  gatewayProgram('conformance');
  const { skip } = needs('ip', 'unshare');
  if (skip !== false) throw new MissingAssetsError(skip);
}

/** @returns the exit code */
async function judge(options: Options): Promise<number> {
  const temporary = new TemporaryFolder();
  testAsInImage();
  await using ground = await Ground.start(options.channel, options.mode);
  const addresses = [`--usable-address=${USABLE_ADDRESS}`, `--unusable-address=${UNUSABLE_ADDRESS}`];
  const flags = [...addresses, ...options.flags];
  const result = await runSuite(ground.kubeconfig, flags, temporary.path, progress);
  const failed = failedTests(result.output);
  for (const { name, lines } of failed) print(`\n${name}\n${lines.join('\n')}`);
  print(`\n${summary(verdicts(result.report))}`);
  if (options.report !== undefined) keep(options.report, { [reportName(options.channel, options.mode)]: result.yaml });
  if (options.out !== undefined) {
    const { yaml, output } = result;
    keep(options.out, { 'report.yaml': yaml, 'suite.log': output, ...(await ground.remains()) });
  }
  temporary.remove();
  return result.hasPassed ? 0 : 1;
}

function keep(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}
