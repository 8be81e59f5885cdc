/** Unary calls of gRPC: HTTP/2 in clear from clients and to the backend. */
import { MESSAGE } from '../backends/grpc-backend.ts';
import { http2Scenario } from './http2.ts';

const CALL = {
  path: '/bench.Echo/Unary',
  backend: 'grpc',
  post: { body: MESSAGE, headers: { 'content-type': 'application/grpc', te: 'trailers' } },
} as const;

export const grpcUnary = http2Scenario({
  ...CALL,
  name: 'grpc-unary',
  title: 'gRPC unary, 64 connections of 10 streams',
  connections: 64,
  streams: 10,
});

export const grpcAlone = http2Scenario({
  ...CALL,
  name: 'grpc-unary-1',
  title: 'gRPC unary, 64 connections of 1 stream',
  connections: 64,
  streams: 1,
});
