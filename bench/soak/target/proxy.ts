/** The proxy under test: the program as its image has it, two workers and pushed backends. */
import { existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../support/installation.ts';
import { Program } from '../../support/program.ts';
import type { CertificateFiles } from '../load/certificate-churn.ts';

const NAME = 'kube-entry';
export const WORKERS = 2;

/** The log goes on at the front then: what a soak writes must not fill a disk. */
const MAX_LOG_BYTES = 64 * 1024 * 1024;

export interface ProxyOptions {
  /** Its own and empty. */
  readonly folder: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly certificate: CertificateFiles;
  readonly cpus: string;
  readonly hasAccessLog: boolean;
}

export class ProxyUnderTest {
  readonly program: Program;
  readonly adminSocket: string;
  readonly #folder: string;
  readonly #accessLog: string;

  constructor({ folder, port, tlsPort, certificate, cpus, hasAccessLog }: ProxyOptions) {
    this.#folder = folder;
    this.adminSocket = join(folder, 'admin.sock');
    this.#accessLog = join(folder, 'access.log');
    const { program, environment } = installation();
    this.program = new Program({
      name: NAME,
      command: [
        ...([process.execPath, program, 'serve'] as const),
        ...['--engine', 'wire', '--workers', String(WORKERS), '--source', 'push'],
        ...(hasAccessLog ? ['--access-log-path', this.#accessLog] : ['--access-log', 'off']),
        ...['--listen', `127.0.0.1:${port}`, '--admin-socket', this.adminSocket, '--status-listen', '127.0.0.1:0'],
        ...['--tls-listen', `127.0.0.1:${tlsPort}`],
        ...['--tls-certificate', certificate.certificate, '--tls-key', certificate.key],
        // Whatever becomes of the soak itself: the kernel's SIGTERM then ends the proxy soon.
        ...['--log-level', 'warn', '--shutdown-delay', '0s', '--shutdown-timeout', '1s'],
      ],
      environment,
      cpus,
      folder,
      stopSignal: 'SIGINT',
    });
  }

  trimAccessLog(): void {
    if (existsSync(this.#accessLog) && statSync(this.#accessLog).size > MAX_LOG_BYTES) truncateSync(this.#accessLog);
  }

  /** Lines of the program's own log (pino's levels: 50 is error, 60 is fatal) that say something is broken. */
  errorLines(): string[] {
    return readFileSync(join(this.#folder, `${NAME}.err`), 'utf8')
      .split('\n')
      .filter(line => /"level":[56]0\b|^\w*Error\b/.test(line));
  }
}
