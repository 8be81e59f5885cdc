/**
 * The parts of a TCP handle, the object under a `net.Socket`, that are used without the socket. They are not documented, and
 * some calls abort the process when a Node expects other arguments. So this Node is tried first: one of its sockets is put on
 * a handle that only records, and must call it in exactly the way that is known here.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';
import { nodeBinding } from './node-binding.ts';

/** The outcome of a read when the peer has sent FIN (libuv's UV_EOF). */
export const END_OF_FILE = -4095;

/** A write that the kernel has not taken at once. */
export interface PendingWrite {
  oncomplete: (status: number) => void;
  /** Keeps the memory that is written from. */
  buffer: Uint8Array | undefined;
  /** The outcome, when it was known before `oncomplete` could be set; else null. */
  writeStatus: number | null;
}

/** 0, a negative error number, or a write that is under way. */
export type WriteOutcome = number | PendingWrite;

export interface Shutdown {
  oncomplete: (status: number) => void;
}

export interface TcpHandle {
  /** Bytes that were written, and that the kernel has not taken yet. */
  readonly writeQueueSize: number;
  /** All bytes that were ever read. */
  readonly bytesRead: number;
  /** Called after each read, whose outcome is then in {@link TcpInternals.readOutcome}. @returns the next read's memory */
  onread: (this: TcpHandle) => Uint8Array | undefined;
  useUserBuffer(bytes: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeLatin1String(request: null, text: string): WriteOutcome;
  writeBuffer(request: null, bytes: Uint8Array): WriteOutcome;
  /** @returns 0 when `request.oncomplete` will be called */
  shutdown(request: Shutdown): number;
  close(closed?: () => void): void;
  getpeername(into: { address?: string }): number;
  setNoDelay(on: boolean): number;
}

export interface TcpInternals {
  /** The outcome of the read that `onread` is called for: bytes, or a negative error number. */
  readOutcome(): number;
  newShutdown(): Shutdown;
}

interface StreamBinding {
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly ShutdownWrap: new () => Shutdown;
}

const METHODS = [
  'useUserBuffer',
  'readStart',
  'readStop',
  'writeLatin1String',
  'writeBuffer',
  'shutdown',
  'close',
  'getpeername',
  'setNoDelay',
] as const;

/** The size of the read that the probe pretends: a number that no other place of the state holds. */
const READ_BYTES = 7919;

/** What this Node has below its sockets; undefined when it is not what this file describes. */
export const TCP_INTERNALS: TcpInternals | undefined = probe();

/** Of the handles that can be driven. */
let knownPrototype: object | undefined;

/** Whether a handle is one that can be driven without a socket. */
export function isTcpHandle(handle: unknown): handle is TcpHandle {
  if (TCP_INTERNALS === undefined || typeof handle !== 'object' || handle === null) return false;
  // Every connection is asked: what its methods are is looked up once.
  const prototype: unknown = Object.getPrototypeOf(handle);
  if (prototype === knownPrototype) return true;
  if (typeof prototype !== 'object' || prototype === null) return false;
  if (!('writeQueueSize' in prototype && 'bytesRead' in prototype)) return false;
  if (!METHODS.every(name => typeof Reflect.get(prototype, name) === 'function')) return false;
  knownPrototype = prototype;
  return true;
}

function probe(): TcpInternals | undefined {
  try {
    const binding = streamBinding();
    if (binding === undefined || !isAsExpected(binding)) return undefined;
    const { streamBaseState, kReadBytesOrError, ShutdownWrap } = binding;
    return {
      readOutcome: () => streamBaseState[kReadBytesOrError] as number,
      newShutdown: () => new ShutdownWrap(),
    };
  } catch {
    return undefined;
  }
}

function streamBinding(): StreamBinding | undefined {
  const binding = nodeBinding('stream_wrap');
  return isStreamBinding(binding) ? binding : undefined;
}

function isStreamBinding(binding: unknown): binding is StreamBinding {
  return (
    typeof binding === 'object' &&
    binding !== null &&
    'streamBaseState' in binding &&
    binding.streamBaseState instanceof Int32Array &&
    'kReadBytesOrError' in binding &&
    typeof binding.kReadBytesOrError === 'number' &&
    'ShutdownWrap' in binding &&
    typeof binding.ShutdownWrap === 'function'
  );
}

/** Whether a socket of this Node uses a handle as this program does. */
function isAsExpected({ streamBaseState, kReadBytesOrError, ShutdownWrap }: StreamBinding): boolean {
  const calls: unknown[] = [];
  const note = (...call: unknown[]): number => {
    calls.push(...call);
    return 0;
  };
  const handle = {
    onread: (): unknown => undefined,
    useUserBuffer: (bytes: unknown) => note('useUserBuffer', bytes),
    readStart: () => 0,
    readStop: () => 0,
    writeLatin1String: (...args: unknown[]) => note('writeLatin1String', ...args),
    writeBuffer: (...args: unknown[]) => note('writeBuffer', ...args),
    shutdown: (...args: unknown[]) => note('shutdown', args.length, args[0] instanceof ShutdownWrap),
    close: () => undefined,
  };
  const [first, second, text, bytes] = [Buffer.alloc(1), Buffer.alloc(1), 'text', Buffer.alloc(1)];
  const buffers = [first, second];
  const options: Omit<SocketConstructorOpts, 'handle'> & { readonly handle: object } = {
    handle,
    readable: true,
    writable: true,
    onread: { buffer: () => buffers.shift() ?? second, callback: (size, buffer) => note('read', size, buffer) === 0 },
  };
  const socket = new Socket(options as SocketConstructorOpts);
  socket.on('error', () => undefined);
  try {
    socket.write(text, 'latin1');
    socket.write(bytes);
    const before = streamBaseState[kReadBytesOrError] as number;
    streamBaseState[kReadBytesOrError] = READ_BYTES;
    const next = handle.onread();
    streamBaseState[kReadBytesOrError] = before;
    note('next', next === second);
    socket.end();
  } finally {
    socket.destroy();
  }
  const expected = [
    ...['useUserBuffer', first],
    ...['writeLatin1String', null, text],
    ...['writeBuffer', null, bytes],
    ...['read', READ_BYTES, first],
    ...['next', true],
    ...['shutdown', 1, true],
  ];
  return calls.length === expected.length && calls.every((call, index) => call === expected[index]);
}
