"""Writes Tests/OperatorsTests/Data/product_operators.json: values and gradients in fp64 by PyTorch.

Each case holds operands, one result, a cotangent and the operands' gradients, as flat lists with
their shapes. Run with PyTorch 2.13 from the root of the repository.
"""
import json

import torch
import torch.nn.functional as F

torch.manual_seed(7)
cases = []


def numbers(tensor):
    return {"shape": list(tensor.shape), "elements": [float(f"{v:.17g}") for v in tensor.flatten()]}


def case(name, operator, attributes, operands, function, real=None):
    """Adds a case; `real` are the numbers of the operands that have gradients."""
    real = list(range(len(operands))) if real is None else real
    for number in real:
        operands[number].requires_grad_()
    result = function(*operands)
    cotangent = draw(*result.shape)
    gradients = torch.autograd.grad(result, [operands[n] for n in real], cotangent)
    cases.append({
        "name": name, "operator": operator, "attributes": attributes,
        "operands": [numbers(o.detach()) for o in operands], "integers": [
            n for n in range(len(operands)) if n not in real],
        "result": numbers(result.detach()), "cotangent": numbers(cotangent),
        "gradients": [{"operand": n, **numbers(g)} for n, g in zip(real, gradients)]})


def draw(*shape):
    return torch.round(torch.randn(*shape, dtype=torch.float64) * 1000) / 1000


def conv(name, x, w, bias, stride, pads, dilation, groups):
    """Pads are begin and end of each axis, as ONNX has them; F.pad counts from the last axis."""
    axes = len(stride)
    flat = [p for a in reversed(range(axes)) for p in (pads[a], pads[a + axes])]
    function = F.conv2d if axes == 2 else F.conv1d
    operands = [draw(*x), draw(*w)] + ([draw(w[0])] if bias else [])
    case(name, "Conv", {"strides": stride, "pads": pads, "dilations": dilation, "group": groups},
         operands, lambda x, w, b=None: function(
             F.pad(x, flat), w, b, stride=stride, dilation=dilation, groups=groups))


conv("same padding", (2, 3, 5, 6), (4, 3, 3, 3), True, [1, 1], [1, 1, 1, 1], [1, 1], 1)
conv("strides, groups, uneven pads", (2, 4, 7, 5), (6, 2, 3, 2), False, [2, 3], [2, 0, 1, 1], [1, 1], 2)
conv("dilation, depthwise", (1, 3, 7, 8), (6, 1, 2, 3), True, [1, 2], [0, 2, 1, 1], [3, 2], 3)
conv("one tap", (2, 3, 4, 3), (5, 3, 1, 1), True, [1, 1], [0, 0, 0, 0], [1, 1], 1)
conv("one tap, strided", (2, 3, 5, 4), (2, 3, 1, 1), False, [2, 2], [0, 0, 0, 0], [1, 1], 1)
conv("one axis", (2, 4, 9), (6, 2, 3), True, [2], [2, 1], [2], 2)
conv("kernel as large as the image", (1, 2, 3, 3), (3, 2, 3, 3), False, [1, 1], [0, 0, 0, 0], [1, 1], 1)

pool = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 1, 1, 1]}
case("maximum", "MaxPool", pool, [draw(2, 2, 6, 5)],
     lambda x: F.max_pool2d(x, [3, 2], [2, 1], [1, 1]))
case("maximum along one axis, dilated", "MaxPool",
     {"kernel_shape": [3], "strides": [2], "pads": [1, 1], "dilations": [2]}, [draw(2, 3, 9)],
     lambda x: F.max_pool1d(x, 3, 2, 1, 2))
case("mean without padding", "AveragePool", {**pool, "count_include_pad": 0}, [draw(2, 2, 6, 5)],
     lambda x: F.avg_pool2d(x, [3, 2], [2, 1], [1, 1], count_include_pad=False))
case("mean with padding", "AveragePool", {**pool, "count_include_pad": 1}, [draw(2, 2, 6, 5)],
     lambda x: F.avg_pool2d(x, [3, 2], [2, 1], [1, 1], count_include_pad=True))
case("mean of everything", "GlobalAveragePool", {}, [draw(2, 3, 4, 5)],
     lambda x: x.mean((2, 3), keepdim=True))

case("batch norm of images", "BatchNormalization", {"training": 1, "epsilon": 0.001},
     [draw(3, 2, 3, 4), draw(2), draw(2)],
     lambda x, s, b: F.batch_norm(x, None, None, s, b, True, 0.1, 0.001))
case("batch norm of features", "BatchNormalization", {"training": 1, "epsilon": 1e-05},
     [draw(7, 4), draw(4), draw(4)],
     lambda x, s, b: F.batch_norm(x, None, None, s, b, True, 0.1, 1e-05))
case("batch norm with running statistics", "BatchNormalization", {"training": 0, "epsilon": 0.01},
     [draw(3, 2, 3), draw(2), draw(2), draw(2), draw(2).abs() + 0.5],
     lambda x, s, b, m, v: (x - m[:, None]) / (v[:, None] + 0.01).sqrt() * s[:, None] + b[:, None])
case("layer norm", "LayerNormalization", {"axis": -1, "epsilon": 1e-05},
     [draw(2, 3, 6), draw(6), draw(6)], lambda x, s, b: F.layer_norm(x, [6], s, b, 1e-05))
case("layer norm of two axes", "LayerNormalization", {"axis": 1, "epsilon": 0.001},
     [draw(2, 3, 4), draw(3, 4), draw(3, 4)], lambda x, s, b: F.layer_norm(x, [3, 4], s, b, 0.001))
case("rms norm", "RMSNormalization", {"axis": -1, "epsilon": 1e-06}, [draw(2, 3, 6), draw(6)],
     lambda x, s: F.rms_norm(x, [6], s, 1e-06))

case("attention", "Attention", {"is_causal": 0}, [draw(2, 2, 3, 4), draw(2, 2, 5, 4), draw(2, 2, 5, 3)],
     lambda q, k, v: F.scaled_dot_product_attention(q, k, v))
case("causal attention", "Attention", {"is_causal": 1, "scale": 0.7},
     [draw(1, 2, 5, 4), draw(1, 2, 5, 4), draw(1, 2, 5, 4)],
     lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.7))

case("dense", "Gemm", {"transB": 1, "alpha": 0.5, "beta": 2.0}, [draw(3, 4), draw(5, 4), draw(5)],
     lambda a, b, c: 0.5 * a @ b.T + 2 * c)
case("dense, transposed", "Gemm", {"transA": 1}, [draw(4, 3), draw(4, 5), draw(3, 1)],
     lambda a, b, c: a.T @ b + c)
case("broadcast product", "MatMul", {}, [draw(2, 1, 3, 4), draw(3, 4, 2)], torch.matmul)
case("product with a vector", "MatMul", {}, [draw(2, 3, 4), draw(4)], torch.matmul)
case("vector with a product", "MatMul", {}, [draw(4), draw(2, 4, 3)], torch.matmul)
indices = torch.tensor([[4, 0, 2], [2, 2, 1]])
case("embedding", "Gather", {"axis": 0}, [draw(5, 3), indices], lambda x, i: F.embedding(i, x), [0])

with open("Tests/OperatorsTests/Data/product_operators.json", "w") as file:
    json.dump({"torch": torch.__version__, "cases": cases}, file, separators=(",", ":"))
    file.write("\n")
