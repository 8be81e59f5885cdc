import type { BenchPolicy, HttpRule, IngressHost, RunningProxy, TlsHosts } from '../contenders/contender.ts';
import type { Sample } from '../measure/sample.ts';

/** A proxy that is up, and what a scenario needs to know of it. */
export interface Target {
  readonly proxy: RunningProxy;
  readonly port: number;
  readonly prefixes: readonly string[];
  /** What the upstream should see for `/PREFIX/x`. */
  readonly upstreamPath: '/x' | '//x';
  /** For load generators. */
  readonly cpus: string;
}

export interface Scenario {
  /** For `--only`, and in results. */
  readonly name: string;
  readonly title: string;
  /** What CPU is counted per. */
  readonly unit: 'request' | 'MiB' | 'message' | 'connection';
  readonly prefixes: readonly string[];
  readonly accessLog: boolean;
  readonly backend: 'http' | 'websocket' | 'grpc';
  readonly isHttp2?: boolean;
  /** Clients speak TLS, and the certificate has a key of this kind. */
  readonly tls?: 'ecdsa' | 'rsa';
  readonly policy?: BenchPolicy;
  /** As in the setup of a proxy. */
  readonly httpRules?: readonly HttpRule[];
  readonly ingressHost?: IngressHost;
  readonly tlsHosts?: TlsHosts;
  /** Only so many, whatever was asked for. */
  readonly rounds?: number;
  /** That the proxy does what is about to be measured. @throws when it does not, with what is wrong */
  check(target: Target): Promise<unknown>;
  /** The same load as measured, for a while, so that compilers and pools settle. */
  warmUp(target: Target, seconds: number): Promise<unknown>;
  measure(target: Target, seconds: number): Promise<Sample>;
}
