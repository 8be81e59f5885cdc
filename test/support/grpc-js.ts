/**
 * What the tests use of @grpc/grpc-js. It is loaded by name, so that the tests are checked, and those without it run, where it is
 * not installed.
 */

export interface Call {
  write(message: Buffer): boolean;
  end(): void;
  cancel(): void;
  on(event: 'data', act: (message: Buffer) => void): this;
  on(event: 'end', act: () => void): this;
  on(event: 'error', act: (error: GrpcError) => void): this;
  on(event: 'status', act: (status: GrpcStatus) => void): this;
  on(event: 'cancelled', act: () => void): this;
  emit(event: 'error', error: { readonly code: number; readonly details: string }): boolean;
  pause(): this;
  resume(): this;
}

export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: { get(name: string): (string | Buffer)[] };
}

export type GrpcError = Error & GrpcStatus;

type Callback = (error: GrpcError | null, reply?: Buffer) => void;

interface Options {
  readonly deadline?: number;
}

export interface GrpcClient {
  unary(message: Buffer, options: Options, done: Callback): Call;
  upload(options: Options, done: Callback): Call;
  download(message: Buffer, options?: Options): Call;
  both(options?: Options): Call;
  close(): void;
}

export interface GrpcServer {
  addService(service: object, handlers: Readonly<Record<string, unknown>>): void;
  bindAsync(address: string, credentials: unknown, bound: (error: Error | null, port: number) => void): void;
  forceShutdown(): void;
}

export interface GrpcJs {
  readonly Server: new () => GrpcServer;
  readonly ServerCredentials: { createInsecure(): unknown };
  readonly credentials: { createInsecure(): unknown };
  makeGenericClientConstructor(
    service: object,
    name: string,
  ): new (
    address: string,
    credentials: unknown,
  ) => GrpcClient;
}

/** @returns undefined where it is not installed */
export async function loadGrpcJs(): Promise<GrpcJs | undefined> {
  const name: string = '@grpc/grpc-js';
  const loaded: unknown = await import(name).catch(() => undefined);
  return loaded as GrpcJs | undefined;
}

const same = (bytes: Buffer): Buffer => bytes;

/** A service whose messages are bytes. @param prefix of its paths, which a proxy takes away */
export function echoService(prefix = ''): object {
  const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
    path: `${prefix}/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  });
  return {
    unary: method('Unary', false, false),
    upload: method('Upload', true, false),
    download: method('Download', false, true),
    both: method('Both', true, true),
  };
}
