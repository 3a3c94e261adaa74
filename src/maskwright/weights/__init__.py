"""Networks as ONNX files, and the one function that opens them."""
