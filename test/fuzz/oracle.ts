/** Decoders of golang.org/x/net and crypto/tls, which a process of their own runs: see ../assets/http2/oracle. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { http2Program } from '../support/http2-assets.ts';

export class Oracle implements Disposable {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: PromiseWithResolvers<string>[] = [];
  /** Questions of this turn: a write for each would take longer than the answers. */
  #unsent = '';

  constructor(mode: 'hpack' | 'frames' | 'hello') {
    this.#process = spawn(http2Program('oracle'), [mode], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#process.stdout }).on('line', line => this.#waiting.shift()?.resolve(line));
    this.#process.on('close', code => {
      for (const { reject } of this.#waiting) reject(new Error(`the oracle ended with ${code}`));
    });
  }

  /** @param line one line @returns the line it answers */
  ask(line: string): Promise<string> {
    const answer = Promise.withResolvers<string>();
    this.#waiting.push(answer);
    if (this.#unsent === '') setImmediate(() => this.#send());
    this.#unsent += `${line}\n`;
    return answer.promise;
  }

  #send(): void {
    this.#process.stdin.write(this.#unsent, 'latin1');
    this.#unsent = '';
  }

  [Symbol.dispose](): void {
    this.#process.stdin.end();
  }
}
