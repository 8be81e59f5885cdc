/** Runs a credential plugin: its output is collected, its complaints are shown at once, and it never outlives the program. */
import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';

/** An ExecCredential is a few KB. */
const LONGEST_OUTPUT = 1024 * 1024;
const LONGEST_LINE = 1_024;
/** Of one run; a plugin that complains without end must not flood the log. */
const MOST_LINES = 100;
/** A plugin may hold a lock or a port: it gets this long to let go of them. */
const GRACE_MS = 1_000;

export interface PluginRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** It may ask at the terminal: then it has standard input and standard error for itself. */
  readonly isInteractive: boolean;
  /** Ends it. When it is gone the promise is rejected with the signal's reason. */
  readonly signal: AbortSignal;
  /** Called with each line of its standard error. */
  readonly onLine: (line: string) => void;
}

export interface PluginEnd {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly output: string;
  /** The last line of its standard error. */
  readonly complaint: string;
}

/** @throws the error of starting it; the signal's reason */
export function runPlugin(run: PluginRun): Promise<PluginEnd> {
  const { command, args, environment, isInteractive, signal, onLine } = run;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<PluginEnd>();
  const child = spawn(command, args, {
    env: environment,
    stdio: [isInteractive ? 'inherit' : 'ignore', 'pipe', isInteractive ? 'inherit' : 'pipe'],
    // In a group of its own, what the plugin starts ends with it. At a terminal only the foreground group may read.
    detached: !isInteractive,
  });
  const kill = (how: NodeJS.Signals): void => endGroup(child, how);
  const onExit = (): void => kill('SIGKILL');
  process.on('exit', onExit);
  let killTimer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    kill('SIGTERM');
    killTimer = setTimeout(kill, GRACE_MS, 'SIGKILL');
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  signal.addEventListener('abort', onAbort);
  const output: Buffer[] = [];
  let length = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= LONGEST_OUTPUT) output.push(chunk);
  });
  const lines = new Lines(onLine);
  child.stderr?.on('data', (chunk: Buffer) => lines.push(chunk));
  child.once('error', reject);
  child.once('close', (code, killedBy) => {
    clearTimeout(killTimer);
    process.off('exit', onExit);
    signal.removeEventListener('abort', onAbort);
    lines.end();
    if (signal.aborted) reject(signal.reason);
    resolve({ code, killedBy, output: Buffer.concat(output).toString('utf8'), complaint: lines.last });
  });
  return promise;
}

/** Of a plugin without a group of its own, the plugin alone: what it started shares this program's group. */
function endGroup(child: ChildProcess, how: NodeJS.Signals): void {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-pid, how);
  } catch {
    child.kill(how);
  }
}

/** Hands over whole lines, and what stands in an unfinished one at the end. */
class Lines {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #count = 0;
  last = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split(/\r?\n/);
    this.#rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    for (const line of lines) this.#show(line);
  }

  end(): void {
    this.#show(this.#rest);
    this.#rest = '';
  }

  #show(line: string): void {
    if (line.trim() === '') return;
    this.last = line.slice(0, LONGEST_LINE);
    this.#count += 1;
    if (this.#count <= MOST_LINES) this.#onLine(this.last);
  }
}
