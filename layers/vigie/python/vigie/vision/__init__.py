"""Pictures and models: numpy, OpenCV, onnxruntime."""
