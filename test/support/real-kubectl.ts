import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathOf } from './installed.ts';

/** kubectl as a person would run it, with a kubeconfig of its own. */
export class Kubectl {
  /** Its file: a test may put a kubectl of its own before it in $PATH. */
  readonly program: string;
  readonly #environment: NodeJS.ProcessEnv;

  /**
   * @param assets where kubectl is looked for before $PATH
   * @param home for its caches
   */
  constructor(assets: string, kubeconfig: string, home: string) {
    const program = join(assets, 'kubectl');
    this.program = existsSync(program) ? program : pathOf('kubectl');
    this.#environment = { PATH: process.env.PATH, KUBECONFIG: kubeconfig, HOME: home };
  }

  /** @returns standard output @throws Error with standard error when it does not exit with 0 */
  run(args: readonly string[], input = ''): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { env: this.#environment, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 };
      const child = execFile(this.program, args, options, (error, output, complaint) => {
        if (error === null) resolve(output);
        else reject(new Error(`kubectl ${args.join(' ')}: ${complaint || error.message}`, { cause: error }));
      });
      child.stdin?.end(input);
    });
  }

  /** In this order. */
  apply(...objects: readonly object[]): Promise<string> {
    return this.run(['apply', '--filename', '-'], objects.map(object => JSON.stringify(object)).join('\n'));
  }

  /** What `--output json` prints. */
  async json(args: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.run([...args, '--output', 'json']));
  }
}
