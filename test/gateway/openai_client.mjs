// The unmodified openai package against the gateway. usage: openai_client.mjs BASE_URL KEY; prints one JSON line.
import OpenAI, { APIError, RateLimitError } from "openai";
import assert from "node:assert/strict";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: "Tell me about foxes." }];
const text = "The quick brown fox jumps over the lazy dog.";
const checks = {
  async "models are listed"() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert(ids.includes("good"));
    assert.equal((await client.models.retrieve("good")).id, "good");
  },
  async "a chat"() {
    const { data, response } = await client.chat.completions.create({ model: "good", messages, max_tokens: 50 }).withResponse();
    assert.equal(data.choices[0].message.content, text);
    assert.equal(data.usage.completion_tokens, 10);
    assert(data.usage.cost > 0);
    assert(response.headers.get("x-request-id").startsWith("req_"));
  },
  async "a streamed chat costs the same and ends with its cost"() {
    const whole = await client.chat.completions.create({ model: "good", messages, max_tokens: 50 });
    for (const include_usage of [true, false]) {
      const stream = await client.chat.completions.create({ model: "good", messages, max_tokens: 50, stream: true,
        ...(include_usage ? { stream_options: { include_usage } } : {}) });
      let out = "", last;
      for await (const chunk of stream) { out += chunk.choices[0]?.delta?.content ?? ""; last = chunk; }
      assert.equal(out, text);
      assert.equal(last.usage.cost, whole.usage.cost);
      assert.equal(last.choices.length, include_usage ? 0 : 1);
    }
  },
  async "the stream helper"() {
    const stream = client.chat.completions.stream({ model: "good", messages });
    const final = await stream.finalChatCompletion();
    assert.equal(final.choices[0].message.content, text);
  },
  async "completions"() {
    const answer = await client.completions.create({ model: "good", prompt: "Foxes", max_tokens: 20 });
    assert.equal(answer.choices[0].text, text);
    const stream = await client.completions.create({ model: "good", prompt: "Foxes", max_tokens: 20, stream: true });
    let last;
    for await (const chunk of stream) last = chunk;
    assert.equal(last.usage.cost, answer.usage.cost);
  },
  async "embeddings"() {
    const answer = await client.embeddings.create({ model: "good", input: ["a b", "c"], encoding_format: "float" });
    assert.equal(answer.data.length, 2);
    assert(answer.usage.cost > 0);
  },
  async "images"() {
    const answer = await client.images.generate({ model: "painter", prompt: "a fox", n: 2, size: "512x512" });
    assert.equal(answer.data.length, 2);
    assert.equal(answer.usage.cost, 0.02);
  },
  async "responses, whole and streamed"() {
    const answer = await client.responses.create({ model: "good", input: "foxes" });
    assert.equal(answer.output_text, text);
    const stream = await client.responses.create({ model: "good", input: "foxes", stream: true });
    let last;
    for await (const event of stream) last = event;
    assert.equal(last.type, "response.completed");
    assert.equal(last.response.usage.cost, answer.usage.cost);
  },
  async "errors are the API's own"() {
    await assert.rejects(client.chat.completions.create({ model: "none", messages }),
      (error) => error instanceof APIError && error.status === 404 && error.code === "model_not_found");
    await assert.rejects(client.chat.completions.create({ model: "good", messages: [] }),
      (error) => error.status === 400 && error.param === "messages");
    const stranger = new OpenAI({ baseURL, apiKey: "mm_wrong", maxRetries: 0 });
    await assert.rejects(stranger.chat.completions.create({ model: "good", messages }),
      (error) => error.status === 401 && error.code === "invalid_api_key");
  },
};
const failed = [];
for (const [name, check] of Object.entries(checks)) {
  try { await check(); } catch (error) { failed.push(`${name}: ${error.stack}`); }
}
console.log(JSON.stringify({ passed: Object.keys(checks).length - failed.length, failed }));
