"""Pictures and models: numpy, Pillow, onnxruntime."""
