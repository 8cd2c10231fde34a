"""ViT-B/32 image tower, fp32, random weights: open_clip eager, the same through torch.compile with frozen weights, or
onnxruntime on the same network."""

import pathlib
import tempfile

import open_clip
import torch

import common


def onnx_session(model, images, threads):
    import onnxruntime
    torch.backends.mha.set_fastpath_enabled(False)  # its fused operator has no ONNX form
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tower.onnx"
        torch.onnx.export(model.visual, (images,), path, dynamo=False, opset_version=17,
                          input_names=["images"], output_names=["features"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def compiled_encoder(model):
    """Freezing packs the weights for oneDNN: without it torch.compile gains little on a CPU."""
    import torch._inductor.config as inductor
    inductor.freezing = True
    torch.backends.mha.set_fastpath_enabled(False)  # its fused operator cannot be compiled
    return torch.compile(lambda images: model.encode_image(images, normalize=True))


def main():
    p = common.parser(__doc__)
    p.add_argument("--peer", choices=["open_clip", "compile", "onnxruntime"], default="open_clip")
    options = p.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    model = open_clip.create_model("ViT-B-32", pretrained=None, load_weights=False).eval()
    images = torch.randn(options.batch_size, 3, 224, 224)
    with torch.inference_mode(options.peer == "open_clip"), torch.no_grad():
        if options.peer == "open_clip":
            seconds = common.measure(options, lambda: model.encode_image(images, normalize=True))
        elif options.peer == "compile":
            compiled = compiled_encoder(model)
            seconds = common.measure(options, lambda: compiled(images))
        else:
            session = onnx_session(model, images, options.threads)
            feed = {"images": images.numpy()}
            seconds = common.measure(options, lambda: session.run(None, feed))
    common.report("encode-image", options.peer, "images", options.batch_size, seconds)


if __name__ == "__main__":
    main()
