"""The unmodified openai package of PyPI asks a real model. usage: llm_client.py BASE_URL KEY <asks.json; one JSON line: the answers.

An ask: {"api": "chat.completions", "arguments": {…}, "stream": bool, "hang_up_after": chunks, "headers": {…}}; asks run at once.
"""
import asyncio
import json
import sys

import openai

CLIENT = openai.AsyncOpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0, timeout=300)


def text_of(choices):
    """Of whole answers and of pieces, chats and completions."""
    parts = [getattr(choice, "message", None) or getattr(choice, "delta", None) or choice for choice in choices]
    return "".join(getattr(part, "content", None) or getattr(part, "text", None) or "" for part in parts)


async def streamed(create, ask, out):
    stream = await create(stream=True, **ask["arguments"], extra_headers=ask.get("headers"))
    out["headers"], out["text"], out["chunks"] = dict(stream.response.headers), "", 0
    async for chunk in stream:
        out["text"] += text_of(chunk.choices)
        out["chunks"] += 1
        if chunk.usage:
            out["usage"] = chunk.usage.model_dump()
        if out["chunks"] == ask.get("hang_up_after"):
            await stream.close()
            return


async def whole(create, ask, out):
    raw = await create(**ask["arguments"], extra_headers=ask.get("headers"))
    answer = raw.parse()
    out["headers"], out["usage"] = dict(raw.headers), answer.usage.model_dump()
    if ask["api"] == "embeddings":
        out["vectors"] = [row.embedding for row in answer.data]
    else:
        out["text"] = text_of(answer.choices)


async def answered(ask):
    part, out = CLIENT, {}
    for name in ask["api"].split("."):
        part = getattr(part, name)
    try:
        if ask.get("stream"):
            await streamed(part.create, ask, out)
        else:
            await whole(part.with_raw_response.create, ask, out)
    except openai.APIError as error:
        out["error"] = {"code": error.code, "message": error.message}
    return out


async def main():
    return await asyncio.gather(*(answered(ask) for ask in json.load(sys.stdin)))


print(json.dumps(asyncio.run(main())))
