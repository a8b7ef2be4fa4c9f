"""Ultralytics' ONNX predictor, held to one thread: what the speed of our detector is measured against.

Runs in the environment that `bench_speed` makes (requirements/bench.txt). Its predictor is untouched but for:

- The session is opened with one thread, by options that Ultralytics leaves at onnxruntime's default.
- Where the compiled part of torchvision does not load (its wheels on the package index are for CUDA alone),
  the warm-up that imports it is left out. On a CPU it does nothing else; Ultralytics then takes its own NMS
  in torch, which it documents as equal. `nms` says which one ran, and `speed` how little either takes.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIDENCE = 0.25
IOU = 0.7
SIZE = 640


def predictor(model: Path, *, classes: list[int], settings: Path) -> tuple[Callable[[bytes], Any], str]:
    """Return what takes JPEG bytes to Ultralytics' Results, and the name of the NMS that it uses."""
    os.environ.update(YOLO_CONFIG_DIR=str(settings), YOLO_OFFLINE="1", YOLO_AUTOINSTALL="false")
    import cv2
    import numpy as np
    import onnxruntime as ort
    import torch
    from ultralytics import YOLO
    from ultralytics.nn.autobackend import AutoBackend

    torch.set_num_threads(1)
    nms = "torchvision"
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        nms = "Ultralytics' own, in torch"
        AutoBackend.warmup = lambda *_, **__: None

    opened = ort.InferenceSession

    def with_one_thread(path: str, options: Any = None, **more: Any) -> Any:
        options = options or ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return opened(path, options, **more)

    yolo = YOLO(str(model), task="detect")
    options = {"imgsz": SIZE, "conf": CONFIDENCE, "iou": IOU, "classes": classes, "device": "cpu"}

    def predict(jpeg: bytes) -> Any:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        return yolo.predict(image, verbose=False, **options)[0]

    ort.InferenceSession = with_one_thread
    try:
        done, jpeg = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))
        assert done
        predict(jpeg.tobytes())  # opens the session
    finally:
        ort.InferenceSession = opened
    torch.set_num_threads(1)  # the predictor sets its own when it begins
    cv2.setNumThreads(1)
    return predict, nms
