/** The programs of others that tests run: where they are, and what to install where one is missing. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** For each program: the names it goes under, and Debian's package. */
const PROGRAMS = {
  bash: { names: ['bash'], debian: 'bash' },
  chromium: { names: ['chromium', 'chromium-browser', 'google-chrome'], debian: 'chromium' },
  curl: { names: ['curl'], debian: 'curl' },
  fish: { names: ['fish'], debian: 'fish' },
  haproxy: { names: ['haproxy'], debian: 'haproxy' },
  ip: { names: ['ip'], debian: 'iproute2' },
  kubectl: { names: ['kubectl'], debian: 'kubernetes-client' },
  h2load: { names: ['h2load'], debian: 'nghttp2-client' },
  logrotate: { names: ['logrotate'], debian: 'logrotate' },
  nghttp: { names: ['nghttp'], debian: 'nghttp2-client' },
  nginx: { names: ['nginx'], debian: 'nginx-light' },
  openssl: { names: ['openssl'], debian: 'openssl' },
  prometheus: { names: ['prometheus'], debian: 'prometheus' },
  promtool: { names: ['promtool'], debian: 'prometheus' },
  redis: { names: ['redis-server'], debian: 'redis-server' },
  script: { names: ['script'], debian: 'bsdutils' },
  unshare: { names: ['unshare'], debian: 'util-linux' },
  zsh: { names: ['zsh'], debian: 'zsh' },
} as const;

export type InstalledProgram = keyof typeof PROGRAMS;

/** Debian keeps nginx and logrotate where the PATH of an unprivileged user does not look. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];

/** The program's file; undefined where it is not installed. */
export function findProgram(program: InstalledProgram): string | undefined {
  for (const folder of FOLDERS) {
    for (const name of PROGRAMS[program].names) {
      const file = join(folder, name);
      if (isExecutable(file)) return file;
    }
  }
  return undefined;
}

/** @throws Error that says what to install; a test that asks {@link needs} first never meets it */
export function pathOf(program: InstalledProgram): string {
  const file = findProgram(program);
  if (file === undefined) throw new Error(missing([program]));
  return file;
}

/** Options of a test that runs these programs: it is skipped where one of them is missing, and says what to install. */
export function needs(...programs: readonly InstalledProgram[]): { readonly skip: string | false } {
  const absent = programs.filter(program => findProgram(program) === undefined);
  return { skip: absent.length > 0 && missing(absent) };
}

function missing(programs: readonly InstalledProgram[]): string {
  const packages = new Set(programs.map(program => PROGRAMS[program].debian));
  return `${programs.join(' and ')} not installed (Debian: apt-get install --no-install-recommends ${[...packages].join(' ')})`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
