"""A segmentation model as one ONNX file: 8-bit RGB pixels of any size in, logits and labels out."""

import copy
import logging
import warnings
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import GraphProto, ModelProto, compose, parser
from torch import Tensor, nn

from urn.backbones import IMAGENET_MEAN, IMAGENET_STD
from urn.errors import UserError
from urn.export.any_size import for_any_size
from urn.files.atomic import atomic_path
from urn.mmsegmentation import EncoderDecoder
from urn.segmentation.inference import Views, logits_of, predict_probabilities

# What onnxruntime reads since version 1.18, of May 2024.
OPSET, IR_VERSION = 18, 10
WHOLE = 1 << 30  # a window that holds every image
LEAST_EQUAL = 0.999  # share of pixels on which the file's labels are torch's
IMAGES_CHECKED = 20
LEAST_SIDE = 64  # pixels; some backbones take no smaller images

# The pixels, normalised and resized as `urn.segmentation.inference.predict_views` does it; sizes
# are computed with 64 bits, as Python's are.
BEFORE = """
<ir_version: {ir}, opset_import: ["": {opset}]>
before (uint8[height, width, 3] image) => (float[1, 3, rows, columns] images, int64[2] size)
<double[2] scale = {{{scale}}}, double one = {{1}}, int64[2] channels = {{1, 3}},
 int64[1] first = {{0}}, float[3, 1, 1] mean = {{{mean}}}, float[3, 1, 1] std = {{{std}}}>
{{
  size = Shape <start = 0, end = 2> (image)
  sides = Cast <to = 11> (size)
  longer = ReduceMax <keepdims = 1> (sides)
  shorter = ReduceMin <keepdims = 1> (sides)
  both = Concat <axis = 0> (longer, shorter)
  factors = Div (scale, both)
  factor = ReduceMin <keepdims = 1> (factors)
  scaled = Mul (sides, factor)
  rounded = Round (scaled)
  positive = Max (rounded, one)
  resized = Cast <to = 7> (positive)
  shape = Concat <axis = 0> (channels, resized)
  planes = Transpose <perm = [2, 0, 1]> (image)
  values = Cast <to = 1> (planes)
  centred = Sub (values, mean)
  normalised = Div (centred, std)
  batch = Unsqueeze (normalised, first)
  images = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel">
    (batch, , , shape)
}}
"""
# The network's logits, enlarged to the resized image and from there to its own size.
AFTER = """
<ir_version: {ir}, opset_import: ["": {opset}]>
after (float[1, {classes}, coarse_rows, coarse_columns] coarse,
       float[1, 3, rows, columns] images, int64[2] size)
  => (float[{classes}, height, width] logits, uint8[height, width] labels)
<int64[2] leading = {{1, {classes}}}, int64[1] first_axis = {{0}}>
{{
  seen_size = Shape <start = 2, end = 4> (images)
  seen_shape = Concat <axis = 0> (leading, seen_size)
  fine = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel">
    (coarse, , , seen_shape)
  own_shape = Concat <axis = 0> (leading, size)
  whole = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel">
    (fine, , , own_shape)
  logits = Squeeze (whole, first_axis)
  winners = ArgMax <axis = 0, keepdims = 0> (logits)
  labels = Cast <to = 2> (winners)
}}
"""


class _Network(nn.Module):
    """N×3×H×W normalised images → logits at the output stride."""

    def __init__(self, model: EncoderDecoder) -> None:
        super().__init__()
        self.backbone, self.head = model.backbone, model.decode_head

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.backbone(images))
        return logits


def views(scale: tuple[int, int]) -> Views:
    """What the file computes: the whole image at a ratio of 1 (see `Views`), not mirrored."""
    return Views(ratios=[1], flip=False, scale=scale, window=WHOLE, stride=WHOLE)


def write_onnx(
    path: str | Path,
    model: EncoderDecoder,
    scale: tuple[int, int],
) -> None:
    """Export a model, which stays as it is, whole or not at all.

    The file's input is `image`, H×W×3 uint8 RGB; its outputs are `logits`, C×H×W float32, and
    `labels`, H×W uint8, for any H and W. It computes what `views(scale)` says, without CRF.

    Args:
        path: the file.
        model: in evaluation mode, on any device.
        scale: long and short side of the image that the network sees, see `Views`.

    Raises:
        UserError: the backbone has operations that cannot be exported for images of any size.
    """
    whole = _exported(copy.deepcopy(_Network(model)).cpu().float().eval())
    before = BEFORE.format(
        ir=IR_VERSION,
        opset=OPSET,
        scale=f"{max(scale)}, {min(scale)}",
        mean=", ".join(map(str, IMAGENET_MEAN)),
        std=", ".join(map(str, IMAGENET_STD)),
    )
    after = AFTER.format(ir=IR_VERSION, opset=OPSET, classes=model.decode_head.num_classes)
    _enclose(_parsed(before), whole.graph, _parsed(after))
    onnx.checker.check_model(whole, full_check=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(whole.SerializeToString())


def _parsed(text: str) -> GraphProto:
    """A graph in ONNX's own language; all names but of its inputs and outputs begin with `urn/`."""
    model = parser.parse_model(text)
    return compose.add_prefix(model, "urn/", rename_inputs=False, rename_outputs=False).graph


def _enclose(before: GraphProto, core: GraphProto, after: GraphProto) -> None:
    """Put graphs before and after another, in place; what has one name is one tensor.

    `onnx.compose.merge_models` takes minutes for networks of many nodes.
    """
    nodes = [*before.node, *core.node, *after.node]
    for field, values in (
        (core.node, nodes),
        (core.input, before.input),
        (core.output, after.output),
    ):
        del field[:]
        field.extend(values)
    for graph in (before, after):
        core.initializer.extend(graph.initializer)


def _exported(network: nn.Module) -> ModelProto:
    """The network alone, from `images` to `coarse`, for images of any size."""
    side = torch.export.Dim.DYNAMIC
    channels_first = network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            logging.getLogger("torch.onnx").setLevel(logging.ERROR)
            program = torch.onnx.export(
                for_any_size(channels_first),
                (torch.zeros(1, 3, 163, 197),),
                input_names=["images"],
                output_names=["coarse"],
                dynamic_shapes=({2: side, 3: side},),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # the exporter names no class of its own for what it cannot
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"the backbone cannot be exported to ONNX ({reason}): choose another backbone, or "
            "bundle: false"
        ) from None
    assert program is not None  # it is None where a file is written
    core: ModelProto = program.model_proto
    core.ir_version = IR_VERSION
    return core


@dataclass(frozen=True)
class Agreement:
    """How an ONNX file's results on images compare to torch's.

    Attributes:
        images: number of images and parts of images, each of another height and width.
        pixels: of all of them.
        equal: share of pixels with the same label.
        largest_difference: of a probability.
    """

    images: int
    pixels: int
    equal: float
    largest_difference: float


def check_onnx(
    path: str | Path,
    model: EncoderDecoder,
    scale: tuple[int, int],
    images: Iterable[np.ndarray],
    labelled: Callable[[np.ndarray], None] = lambda labels: None,
) -> Agreement:
    """Run a file of `write_onnx` on images, and on a part of each with another height and width.

    Args:
        path: the file.
        model: what it was made from.
        scale: with which it was made.
        images: H×W×3 uint8 RGB.
        labelled: is given the file's labels of each image, H×W uint8.

    Raises:
        UserError: it gives other labels than the model on too many pixels.
    """
    session = session_of(path)
    network, device = logits_of(model), next(model.parameters()).device
    number = pixels = equal = 0
    largest = 0.0
    for image in images:
        height, width = image.shape[:2]
        part = np.ascontiguousarray(image[: -(-height * 2 // 3), : -(-width * 3 // 4)])
        for pixels_in in (part, image):
            logits, labels = session.run(None, {"image": pixels_in})
            found = torch.from_numpy(logits).softmax(0).numpy()
            expected = predict_probabilities(network, pixels_in, views(scale), device)
            number, pixels = number + 1, pixels + labels.size
            equal += int((labels == expected.argmax(0)).sum())
            largest = max(largest, float(np.abs(found - expected).max()))
        labelled(labels)
    if equal < LEAST_EQUAL * pixels:
        raise UserError(
            f"{path} gives the labels of its model on only {100 * equal / pixels:.2f} % of "
            f"{pixels} pixels: choose another backbone, or bundle: false"
        )
    return Agreement(number, pixels, equal / pixels, largest)


def session_of(path: str | Path) -> onnxruntime.InferenceSession:
    """A file, ready to run on processors, on as many threads as torch has."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
