"""A server of gRPC whose methods send back what they get, and a client that calls each of them. Messages are bytes.

grpcio_echo.py server PORT [CERTIFICATE KEY]
grpcio_echo.py client TARGET [CERTIFICATE]

With files, over TLS.
"""

import sys
from concurrent import futures

import grpc

SERVICE = "python.Echo"
COUNT = 20
SIZE = 50_000


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        method = details.method.rsplit("/", 1)[1]
        kinds = {
            "Unary": lambda: grpc.unary_unary_rpc_method_handler(lambda request, _: request),
            "Upload": lambda: grpc.stream_unary_rpc_method_handler(
                lambda requests, _: str(sum(len(one) for one in requests)).encode()
            ),
            "Download": lambda: grpc.unary_stream_rpc_method_handler(
                lambda request, _: (bytes(SIZE) for _ in range(int(request)))
            ),
            "Both": lambda: grpc.stream_stream_rpc_method_handler(lambda requests, _: requests),
            "Fail": lambda: grpc.unary_unary_rpc_method_handler(fail),
        }
        kind = kinds.get(method)
        return kind and kind()


def fail(_, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "ärger: 100 %")


def read(file):
    with open(file, "rb") as opened:
        return opened.read()


def serve(port, certificate=None, key=None):
    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[Echo()])
    if certificate is None:
        server.add_insecure_port(f"127.0.0.1:{port}")
    else:
        server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([(read(key), read(certificate))]))
    server.start()
    print("listening", flush=True)
    server.wait_for_termination()


def call(target, certificate=None):
    if certificate is None:
        channel = grpc.insecure_channel(target)
    else:
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(read(certificate)))
    path = f"/{SERVICE}/"
    pieces = [bytes([number]) * SIZE for number in range(COUNT)]
    assert channel.unary_unary(path + "Unary")(b"hello", timeout=30) == b"hello"
    assert channel.stream_unary(path + "Upload")(iter(pieces), timeout=30) == str(COUNT * SIZE).encode()
    assert [len(one) for one in channel.unary_stream(path + "Download")(str(COUNT).encode(), timeout=30)] == [SIZE] * COUNT
    assert list(channel.stream_stream(path + "Both")(iter(pieces), timeout=30)) == pieces
    for method, expected in [("Fail", grpc.StatusCode.FAILED_PRECONDITION), ("None", grpc.StatusCode.UNIMPLEMENTED)]:
        try:
            channel.unary_unary(path + method)(b"", timeout=30)
        except grpc.RpcError as error:
            assert error.code() == expected, error
            assert method != "Fail" or error.details() == "ärger: 100 %", error.details()
        else:
            raise AssertionError(f"{method} does not fail")
    print("done", flush=True)


if sys.argv[1] == "server":
    serve(*sys.argv[2:])
else:
    call(*sys.argv[2:])
