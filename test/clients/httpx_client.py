"""Asks an origin with httpx, and writes down what comes, one JSON line for each answer.

httpx_client.py ORIGIN http1|http2 CERTIFICATE
"""

import concurrent.futures
import json
import sys

import httpx

LARGE = (b"large " * 500_000)[:3_000_000]

origin, protocol, certificate = sys.argv[1:]
client = httpx.Client(
    http1=protocol == "http1", http2=protocol == "http2", verify=certificate, timeout=60, base_url=origin
)


def say(answer):
    print(json.dumps([answer.http_version, answer.status_code, answer.text if len(answer.text) < 200 else len(answer.text)]))


def pieces():
    for start in range(0, len(LARGE), 100_000):
        yield LARGE[start : start + 100_000]


say(client.get("/hello"))
say(client.get("/large"))
say(client.post("/echo", content=LARGE))
say(client.post("/echo", content=pieces()))
say(client.get("/stream"))
with concurrent.futures.ThreadPoolExecutor(10) as threads:
    for answer in threads.map(lambda number: client.get(f"/hello?{number}"), range(30)):
        say(answer)
