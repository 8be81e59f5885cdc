/** A program on a real terminal of the kernel: `script` makes one, `stty` changes its size, keys go through its line discipline. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Changes, eventually } from './eventually.ts';
import { ScreenModel } from './screen-model.ts';

/** Starting takes most of a second, and several at a time share the machine: only a failing test waits so long. */
const DEADLINE_MS = 180_000;

export interface TerminalOptions {
  /** For a file with the terminal's name. */
  readonly directory: string;
  readonly columns: number;
  readonly rows: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Follow what the screen shows; default true. A shell does more with it than the model knows. */
  readonly hasScreen?: boolean;
}

export class PseudoTerminal {
  /** All that was written to it. */
  output = '';
  readonly screen: ScreenModel;
  exitCode: number | null | undefined;
  readonly #child: ChildProcess;
  readonly #changes = new Changes();
  readonly #nameFile: string;

  private constructor(context: TestContext, command: string, options: TerminalOptions) {
    const { directory, columns, rows, environment, hasScreen = true } = options;
    this.screen = new ScreenModel(columns, rows);
    this.#nameFile = join(directory, 'terminal');
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(?:KUBE_ENTRY_.*|NO_COLOR|FORCE_COLOR|CLICOLOR.*|NODE_.*)$/.test(name),
    );
    const prepared = `stty cols ${columns} rows ${rows}; tty > '${this.#nameFile}'; ${command}`;
    this.#child = spawn('script', ['--quiet', '--flush', '--return', '--command', prepared, '/dev/null'], {
      env: { ...Object.fromEntries(inherited), TERM: 'xterm-256color', SHELL: '/bin/sh', ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdin?.on('error', () => {}); // It may have ended before a key is pressed.
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.output += chunk;
      if (hasScreen) this.screen.write(chunk);
      this.#changes.announce();
    });
    this.#child.once('close', code => {
      this.exitCode = code;
      this.#changes.announce();
    });
    context.after(async () => {
      if (this.exitCode === undefined) this.#child.kill('SIGKILL');
      await this.ended();
    });
  }

  /** @param command of a shell */
  static async run(context: TestContext, command: string, options: TerminalOptions): Promise<PseudoTerminal> {
    const terminal = new PseudoTerminal(context, command, options);
    await eventually('a terminal', () => terminal.#name !== '', DEADLINE_MS);
    return terminal;
  }

  /** @param keys as a keyboard sends them: Ctrl-C is `\x03` */
  press(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** `script` stops when its program does. */
  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** As a window manager does; the kernel sends SIGWINCH. */
  resize(columns: number, rows: number): void {
    this.screen.resize(columns, rows);
    execFileSync('stty', ['-F', this.#name, 'cols', `${columns}`, 'rows', `${rows}`]);
  }

  /** Waits for what the screen shows. */
  shows(what: string, probe: (lines: readonly string[]) => boolean): Promise<true> {
    return this.#changes.until(
      () => `${what} on the screen:\n${this.screen.lines().join('\n')}`,
      () => probe(this.screen.lines()) || undefined,
      DEADLINE_MS,
    );
  }

  /** Waits for what was written, whatever the screen shows. */
  wrote(text: string): Promise<true> {
    return this.#changes.until(
      () => `${text} in ${JSON.stringify(this.output)}`,
      () => this.output.includes(text) || undefined,
      DEADLINE_MS,
    );
  }

  /** @returns the exit code */
  ended(): Promise<number | null> {
    return this.#changes.until(
      () => `the end, after ${JSON.stringify(this.output.slice(-2_000))}`,
      () => this.exitCode,
      DEADLINE_MS,
    );
  }

  get #name(): string {
    return existsSync(this.#nameFile) ? readFileSync(this.#nameFile, 'utf8').trim() : '';
  }
}
