"""The unmodified tritonclient package of PyPI against the gateway's /v2. usage: tensor_client.py HOST:PORT KEY IMAGE.pgm LABEL;
prints one JSON line."""
import json
import pathlib
import sys

import numpy as np
import tritonclient.http as triton

ADDRESS, KEY, IMAGE, LABEL = sys.argv[1:5]
HEADERS = {"Authorization": "Bearer " + KEY}  # copied for each call: the client adds to what it is given


def main():
    client = triton.InferenceServerClient(ADDRESS)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("lenet")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    ports = client.get_model_metadata("lenet")
    assert ports["inputs"][0]["shape"] == [1, 1, 28, 28], ports
    pixels = np.frombuffer(pathlib.Path(IMAGE).read_bytes()[-784:], np.uint8).astype(np.float32) / 255
    answers = []
    for binary in (True, False):
        tensor = triton.InferInput(ports["inputs"][0]["name"], [1, 1, 28, 28], "FP32")
        tensor.set_data_from_numpy(pixels.reshape(1, 1, 28, 28), binary_data=binary)
        output = triton.InferRequestedOutput(ports["outputs"][0]["name"], binary_data=binary)
        result = client.infer("lenet", [tensor], outputs=[output], headers=dict(HEADERS), request_id="t1")
        answers.append(result.as_numpy(ports["outputs"][0]["name"]))
        assert result.get_response()["id"] == "t1"
    assert np.allclose(answers[0], answers[1]) and int(answers[0].argmax()) == int(LABEL), answers
    try:
        client.infer("lenet", [triton.InferInput("image", [1], "FP32").set_data_from_numpy(np.zeros(1, np.float32))], headers=dict(HEADERS))
        raise SystemExit("a wrong shape was taken")
    except triton.InferenceServerException as error:
        assert "shape" in str(error), error
    print(json.dumps({"passed": True, "outputs": answers[0].ravel().tolist()}))


if __name__ == "__main__":
    main()
