"""The unmodified openai package of PyPI against the gateway. usage: openai_client.py BASE_URL KEY; prints one JSON line."""
import asyncio
import json
import sys
import traceback

import openai

BASE_URL, KEY = sys.argv[1:3]
CLIENT = openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0)
MESSAGES = [{"role": "user", "content": "Tell me about foxes."}]
TEXT = "The quick brown fox jumps over the lazy dog."
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def refused(call, status, code):
    try:
        call()
    except openai.APIStatusError as error:
        assert error.status_code == status and error.code == code, error
        return
    raise AssertionError("it was not refused")


@check
def models_are_listed():
    assert "good" in [model.id for model in CLIENT.models.list()]
    assert CLIENT.models.retrieve("good").id == "good"


@check
def a_chat():
    raw = CLIENT.chat.completions.with_raw_response.create(model="good", messages=MESSAGES, max_tokens=50)
    answer = raw.parse()
    assert answer.choices[0].message.content == TEXT and answer.usage.completion_tokens == 10
    assert answer.usage.cost > 0 and raw.headers["x-request-id"].startswith("req_")


@check
def a_streamed_chat_costs_the_same():
    whole = CLIENT.chat.completions.create(model="good", messages=MESSAGES, max_tokens=50)
    for more in ({}, {"stream_options": {"include_usage": True}}):
        chunks = list(CLIENT.chat.completions.create(model="good", messages=MESSAGES, max_tokens=50, stream=True, **more))
        assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == TEXT
        assert chunks[-1].usage.cost == whole.usage.cost and len(chunks[-1].choices) == (0 if more else 1)


@check
def completions():
    whole = CLIENT.completions.create(model="good", prompt="Foxes", max_tokens=20)
    chunks = list(CLIENT.completions.create(model="good", prompt="Foxes", max_tokens=20, stream=True))
    assert whole.choices[0].text == TEXT and chunks[-1].usage.cost == whole.usage.cost


@check
def embeddings():
    answer = CLIENT.embeddings.create(model="good", input=["a b", "c"], encoding_format="float")
    assert len(answer.data) == 2 and answer.usage.cost > 0


@check
def images():
    answer = CLIENT.images.generate(model="painter", prompt="a fox", n=2, size="512x512")
    assert len(answer.data) == 2 and answer.usage.cost == 0.02


@check
def responses_whole_and_streamed():
    answer = CLIENT.responses.create(model="good", input="foxes")
    events = list(CLIENT.responses.create(model="good", input="foxes", stream=True))
    assert answer.output_text == TEXT and events[-1].type == "response.completed"
    assert events[-1].response.usage.cost == answer.usage.cost


@check
def the_asynchronous_client():
    async def ask():
        client = openai.AsyncOpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0)
        answers = await asyncio.gather(*(client.chat.completions.create(model="good", messages=MESSAGES) for _ in range(8)))
        return [answer.choices[0].message.content for answer in answers]
    assert asyncio.run(ask()) == [TEXT] * 8


@check
def errors_are_the_apis_own():
    refused(lambda: CLIENT.chat.completions.create(model="none", messages=MESSAGES), 404, "model_not_found")
    refused(lambda: CLIENT.chat.completions.create(model="good", messages=MESSAGES, max_tokens=10**6), 400, "out_of_range")
    stranger = openai.OpenAI(base_url=BASE_URL, api_key="mm_wrong", max_retries=0)
    refused(lambda: stranger.chat.completions.create(model="good", messages=MESSAGES), 401, "invalid_api_key")


def main():
    failed = []
    for function in CHECKS:
        try:
            function()
        except Exception:  # pylint: disable=broad-except
            failed.append(f"{function.__name__}: {traceback.format_exc()}")
    print(json.dumps({"passed": len(CHECKS) - len(failed), "failed": failed, "version": openai.__version__}))


if __name__ == "__main__":
    main()
