/** A gRPC server in clear whose one method sends back what it gets. Argument: its port. */
import { createServer, type ServerHttp2Stream } from 'node:http2';

const [port] = process.argv.slice(2);

const server = createServer();
server.on('stream', (stream: ServerHttp2Stream) => {
  stream.on('error', () => stream.destroy());
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.pipe(stream);
});
server.listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 });
