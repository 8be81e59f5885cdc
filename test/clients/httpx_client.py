"""Asks an origin with httpx, and writes down what comes, one JSON line for each answer.

httpx_client.py ORIGIN http1|http2 CERTIFICATE
"""

import asyncio
import json
import sys

import httpx

LARGE = (b"large " * 500_000)[:3_000_000]

origin, protocol, certificate = sys.argv[1:]
options = {
    "http1": protocol == "http1",
    "http2": protocol == "http2",
    "verify": certificate,
    "timeout": 60,
    "base_url": origin,
}
client = httpx.Client(**options)


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


async def at_once():
    # Not by threads: between them, httpcore may write the blocks of two heads in another order than it encoded them.
    async with httpx.AsyncClient(**options) as shared:
        return await asyncio.gather(*(shared.get(f"/hello?{number}") for number in range(30)))


for answer in asyncio.run(at_once()):
    say(answer)
