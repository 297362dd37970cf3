"""What becomes of gradients that are clipped and treated.

Prints lines `name,option=value;...,0,` and the gradients afterwards, in double precision. The weights
are two tensors of 2 x 3 and 4 numbers, as the test makes them. Values and norms are clipped by
PyTorch itself; the others are the formulas of the papers that the sources name.
"""

import math
import torch

SIZE = [(2, 3), (4,)]


def tensors(amplitude, frequency):
    count, out = 0, []
    for shape in SIZE:
        n = math.prod(shape)
        values = [amplitude * math.cos(frequency * (count + i)) * (1 + count + i) for i in range(n)]
        out.append(torch.tensor(values, dtype=torch.float32).double().reshape(shape))
        count += n
    return out


def parameters():
    result = tensors(0.125, 0.8)
    for weight, gradient in zip(result, tensors(0.5, 1.3)):
        weight.requires_grad_(True)
        weight.grad = gradient
    return result


def value(p, limit):
    torch.nn.utils.clip_grad_value_(p, limit)


def norm(p, limit):
    for tensor in p:
        torch.nn.utils.clip_grad_norm_([tensor], limit)


def global_norm(p, limit):
    torch.nn.utils.clip_grad_norm_(p, limit)


def adaptive(p, limit, epsilon):
    for tensor in p:
        rows = [(tensor.data[i], tensor.grad[i]) for i in range(len(tensor))] \
            if tensor.dim() > 1 else [(tensor.data, tensor.grad)]
        for w, g in rows:
            g *= min(1, limit * max(w.norm().item(), epsilon) / g.norm().item())


def regularization(p, l1, l2):
    sum(l1 * t.abs().sum() + l2 / 2 * (t * t).sum() for t in p).backward()


def centralization(p):
    for tensor in p:
        if tensor.dim() > 1:
            tensor.grad -= tensor.grad.mean(dim=1, keepdim=True)


for f, options in [
    (value, {"limit": 0.7}), (value, {"limit": 100}), (norm, {"limit": 1.5}), (norm, {"limit": 3}),
    (global_norm, {"limit": 0.25}), (global_norm, {"limit": 50}),
    (adaptive, {"limit": 0.5, "epsilon": 0.001}), (adaptive, {"limit": 1, "epsilon": 1.5}),
    (regularization, {"l1": 0.3, "l2": 0.05}), (centralization, {}),
]:
    p = parameters()
    f(p, **options)
    text = ";".join(f"{k}={v!r}" for k, v in options.items())
    values = [repr(x) for t in p for x in t.grad.flatten().tolist()]
    print(",".join([f.__name__, text, "0"] + values))
