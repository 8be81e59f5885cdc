/** What a proxy written for the benchmark is told on its command line. */
export interface ServerArguments {
  readonly port: number;
  readonly backendPort: number;
  /** A JSON array. */
  readonly prefixesFile: string;
  readonly accessLog?: string;
  /** Keep connections to the upstream, where the proxy does not by itself. */
  readonly keepAlive?: boolean;
}

export function serverArguments(): ServerArguments {
  const [, , text = ''] = process.argv;
  return JSON.parse(text) as ServerArguments;
}
