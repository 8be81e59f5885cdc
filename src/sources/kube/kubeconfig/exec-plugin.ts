import type { Clock } from '../../../clock.ts';
import { codeOf, KubeEntryError, messageOf } from '../../../errors.ts';
import type { Logger } from '../../../observe/logger.ts';
import { printable } from '../../../text/printable.ts';
import { quote } from '../../../text/quote.ts';
import { CredentialsError } from '../errors.ts';
import { execInfo, type PluginCredential, readExecCredential } from './exec-credential.ts';
import type { ExecConfig, KubeconfigCluster } from './kubeconfig.ts';
import { type PluginEnd, runPlugin } from './plugin-process.ts';

/** A login in a browser takes its time; plugins for it give up after three minutes, too. */
const LONGEST_RUN_MS = 180_000;
/** Most plugins answer from a cache, at once. One that does not is worth a line in the log. */
const SLOW_MS = 3_000;

export interface PluginSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Standard input is a terminal. */
  readonly isTerminal: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A credential plugin of a kubeconfig: run when there is no credential, or when the one there is has expired. */
export class ExecPlugin {
  readonly #config: ExecConfig;
  readonly #cluster: KubeconfigCluster;
  readonly #authorities: () => Promise<string>;
  readonly #surroundings: PluginSurroundings;
  readonly #closing = new AbortController();
  #credential: PluginCredential | undefined;
  #running: Promise<PluginCredential> | undefined;

  /** @param authorities reads the PEM of the cluster's CA */
  constructor(
    config: ExecConfig,
    cluster: KubeconfigCluster,
    authorities: () => Promise<string>,
    surroundings: PluginSurroundings,
  ) {
    this.#config = config;
    this.#cluster = cluster;
    this.#authorities = authorities;
    this.#surroundings = surroundings;
  }

  /** All who ask while the plugin runs get what that run answers. @throws CredentialsError that names the plugin */
  async credential(): Promise<PluginCredential> {
    const { clock } = this.#surroundings;
    if (this.#credential !== undefined && this.#credential.expiresAt > clock.now()) return this.#credential;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    this.#credential = await this.#running;
    return this.#credential;
  }

  /** The API server has refused the credential. */
  forget(): void {
    this.#credential = undefined;
  }

  /** Ends the plugin if it runs. Resolves when it is gone. */
  async close(): Promise<void> {
    this.#closing.abort(new CredentialsError(`${this.#name} was ended`));
    await this.#running?.catch(() => undefined);
  }

  async #run(): Promise<PluginCredential> {
    const { environment, isTerminal, clock, logger } = this.#surroundings;
    const { command, args, env, apiVersion, interactiveMode, installHint } = this.#config;
    if (interactiveMode === 'Always' && !isTerminal) {
      throw new CredentialsError(
        `${this.#name} wants to ask at a terminal (interactiveMode: Always), and standard input is none`,
      );
    }
    const isInteractive = isTerminal && interactiveMode !== 'Never';
    const info = execInfo(this.#config, this.#cluster, { authorities: await this.#authorities(), isInteractive });
    const timeout = new AbortController();
    const cancels = [
      clock.setTimer(SLOW_MS, () => logger.info(`waiting for ${this.#name}`)),
      clock.setTimer(LONGEST_RUN_MS, () =>
        timeout.abort(new CredentialsError(`${this.#name} did not answer within ${LONGEST_RUN_MS / 1000} s`)),
      ),
    ];
    try {
      const outcome = await runPlugin({
        command,
        args,
        environment: {
          ...environment,
          ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: info,
        },
        isInteractive,
        signal: AbortSignal.any([this.#closing.signal, timeout.signal]),
        onLine: line => logger.warn(`${this.#name} says: ${printable(line)}`),
      });
      return this.#read(outcome, apiVersion);
    } catch (error) {
      if (error instanceof KubeEntryError) throw error;
      const why = codeOf(error) === 'ENOENT' ? 'was not found' : `cannot be run: ${messageOf(error)}`;
      const hint = installHint === '' ? '' : `. ${printable(installHint.trim().replaceAll(/\s*\n\s*/g, ' '))}`;
      throw new CredentialsError(`${this.#name} ${why}${hint}`, { cause: error });
    } finally {
      for (const cancel of cancels) cancel();
    }
  }

  #read({ code, killedBy, output, complaint }: PluginEnd, apiVersion: string): PluginCredential {
    if (code !== 0) {
      const how = killedBy === null ? `failed with exit code ${code}` : `was ended by ${killedBy}`;
      throw new CredentialsError(`${this.#name} ${how}${complaint === '' ? '' : `: ${printable(complaint)}`}`);
    }
    try {
      return readExecCredential(output, apiVersion);
    } catch (error) {
      throw new CredentialsError(`${this.#name} cannot be used: ${messageOf(error)}`, { cause: error });
    }
  }

  /** `the credential plugin "aws"` */
  get #name(): string {
    return `the credential plugin ${quote(this.#config.command)}`;
  }
}
