// Runs ONNX models in ONNX Runtime: one JSON request a line on stdin, one JSON answer a line on stdout.
//
// request {"model": path, "feeds": {name: {"type": "float32", "dims": [...], "data": [...]}}}
// answer  {"outputs": [{"name", "type", "dims", "data"}]} in the model's order, or {"error": text}
import readline from "node:readline";
import ort from "onnxruntime-node";

const ARRAYS = {
  float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array, int16: Int16Array,
  uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array,
  bool: Uint8Array,
};

function tensor({ type, dims, data }) {
  const wide = type === "int64" || type === "uint64";
  const values = wide ? data.map((x) => BigInt(Math.trunc(x))) : data;
  return new ort.Tensor(type, ARRAYS[type].from(values), dims);
}

async function answer({ model, feeds }) {
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: "basic", intraOpNumThreads: 1, logSeverityLevel: 4,
  });
  const tensors = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, tensor(feed)]));
  const results = await session.run(tensors);
  const outputs = session.outputNames.map((name) => {
    const { type, dims, data } = results[name];
    return { name, type, dims, data: Array.from(data, Number) };
  });
  await session.release();
  return { outputs };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  let result;
  try {
    result = await answer(JSON.parse(line));
  } catch (error) {
    result = { error: String(error.message ?? error) };
  }
  process.stdout.write(JSON.stringify(result) + "\n");
}
