"""Small networks that use what torch.nn has beside the common: other paddings, cells, losses, orders, maps.

`ARCHITECTURES` maps names to functions that give a module and its inputs, as in architectures.py.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from architectures import Apply, images, rows, steps, tokens


def head(module, *inputs):
    """A function of features behind a linear layer of twelve, so that parameters lie before it."""
    return Apply(lambda m, x, *others: module(m.body(x), *others), body=nn.Linear(12, 12)), rows() + inputs


def behind(function, *inputs):
    return lambda: head(function, *inputs)


def stem(function, channels=6, size=12, **modules):
    """A function of images behind a convolution."""
    def make():
        return Apply(lambda m, x: function(m, m.stem(x)), stem=nn.Conv2d(3, channels, 3, padding=1), **modules), \
            images(size=size, batch=2)
    return make


def padding(mode, rank=2):
    def make():
        kind = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[rank]
        return nn.Sequential(kind(2, 4, 3, padding=2, padding_mode=mode), nn.Tanh(), kind(4, 3, 3)), \
            (torch.randn(2, 2, *[7] * rank),)
    return make


def transposed(rank):
    kind = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}[rank]
    return lambda: (nn.Sequential(
        kind(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), nn.ReLU(), kind(6, 3, 3, dilation=2)),
        (torch.randn(2, 4, *[4] * rank),))


def pooling(module):
    return lambda: (nn.Sequential(nn.Conv2d(3, 6, 3), nn.Tanh(), module, nn.Flatten(), nn.LazyLinear(4)), images(size=13))


def initialised(make):
    """Lets lazy layers see their inputs once."""
    def made():
        module, inputs = make()
        module(*inputs)
        return module, inputs
    return made


def cells(kind):
    def make():
        def forward(m, x):
            state = None
            for t in range(x.shape[1]):
                state = m.cell(x[:, t], state)
            return m.head(state[0] if isinstance(state, tuple) else state)
        return Apply(forward, cell=kind(8, 6), head=nn.Linear(6, 3)), steps()
    return make


def sequence_first():
    def forward(m, x, h):
        y, last = m.core(x, h)
        return m.head(y[-1]), last
    return Apply(forward, core=nn.GRU(8, 6, num_layers=2), head=nn.Linear(6, 3)), \
        (torch.randn(5, 3, 8), torch.randn(2, 3, 6))


def relu_rnn():
    return Apply(lambda m, x: m.head(m.core(x)[0]), core=nn.RNN(8, 6, nonlinearity="relu", bidirectional=True, bias=False,
                                                                 batch_first=True), head=nn.Linear(12, 3)), steps()


def attention(**options):
    def make():
        def forward(m, x, memory):
            return m.head(m.core(x, memory, memory, need_weights=False)[0])
        return Apply(forward, core=nn.MultiheadAttention(8, 2, batch_first=True, kdim=5, vdim=5, **options),
                     head=nn.Linear(8, 3)), (torch.randn(2, 4, 8), torch.randn(2, 6, 5))
    return make


def grouped_queries():
    def forward(m, x):
        b, t, _ = x.shape
        q = m.q(x).view(b, t, 4, 4).transpose(1, 2)
        k, v = (f(x).view(b, t, 2, 4).transpose(1, 2).repeat_interleave(2, 1) for f in (m.k, m.v))
        return m.o(F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3).transpose(1, 2).reshape(b, t, 16))
    return Apply(forward, q=nn.Linear(8, 16), k=nn.Linear(8, 8), v=nn.Linear(8, 8), o=nn.Linear(16, 5)), steps()


def relative_bias():
    def forward(m, x):
        n = x.shape[1]
        place = torch.arange(n)
        bias = m.table((place[None] - place[:, None]) + n - 1).permute(2, 0, 1)
        q, k, v = (y.view(x.shape[0], n, 2, 4).transpose(1, 2) for y in m.qkv(x).chunk(3, -1))
        share = (q @ k.transpose(-1, -2) / 2 + bias).softmax(-1)
        return m.head((share @ v).transpose(1, 2).flatten(2))
    return Apply(forward, qkv=nn.Linear(8, 24), table=nn.Embedding(13, 2), head=nn.Linear(8, 3)), steps()


def windows():
    """Attention within shifted windows of an image."""
    def forward(m, x):
        x = torch.roll(m.patches(x).permute(0, 2, 3, 1), (-1, -1), (1, 2))
        b, h, w, c = x.shape
        x = x.view(b, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 4, c)
        x = m.norm(x + m.core(x, x, x)[0])
        x = x.view(b, h // 2, w // 2, 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        return m.head(torch.roll(x, (1, 1), (1, 2)).mean((1, 2)))
    return Apply(forward, patches=nn.Conv2d(3, 8, 2, 2), core=nn.MultiheadAttention(8, 2, batch_first=True),
                 norm=nn.LayerNorm(8), head=nn.Linear(8, 4)), images(size=8, batch=2)


def squeeze_excite():
    def forward(m, x):
        return m.head(x * m.gate(x.mean((2, 3), keepdim=True))).amax((2, 3))
    return Apply(lambda m, x: forward(m, m.stem(x)), stem=nn.Conv2d(3, 8, 3),
                 gate=nn.Sequential(nn.Conv2d(8, 2, 1), nn.ReLU(), nn.Conv2d(2, 8, 1), nn.Hardsigmoid()),
                 head=nn.Conv2d(8, 4, 1)), images()


def shuffled_channels():
    return nn.Sequential(
        nn.Conv2d(4, 8, 1, groups=2), nn.ChannelShuffle(2), nn.Conv2d(8, 8, 3, groups=8), nn.BatchNorm2d(8),
        nn.Hardswish(), nn.PixelUnshuffle(2), nn.Conv2d(32, 3, 1)), images(4, 10)


def pyramid():
    def forward(m, x):
        a = m.a(x)
        b = m.b(F.max_pool2d(a, 2))
        c = m.c(F.avg_pool2d(b, 2))
        top = m.lc(c)
        mid = m.lb(b) + F.interpolate(top, size=b.shape[2:], mode="nearest")
        low = m.la(a) + F.interpolate(mid, scale_factor=2, mode="bilinear", align_corners=True)
        return m.out(low), m.out(mid), m.out(top)
    return Apply(forward, a=nn.Conv2d(3, 4, 3, padding=1), b=nn.Conv2d(4, 6, 3, padding=1), c=nn.Conv2d(6, 8, 3, padding=1),
                 la=nn.Conv2d(4, 5, 1), lb=nn.Conv2d(6, 5, 1), lc=nn.Conv2d(8, 5, 1), out=nn.Conv2d(5, 2, 1)), images(size=8)


def dilated_spatial_pyramid():
    def forward(m, x):
        y = m.stem(x)
        parts = [conv(y) for conv in m.parts] + [
            F.interpolate(F.adaptive_avg_pool2d(y, 1), size=y.shape[2:], mode="bilinear", align_corners=False)]
        return m.head(torch.cat(parts, 1))
    return Apply(forward, stem=nn.Conv2d(3, 4, 3), parts=nn.ModuleList(
        nn.Conv2d(4, 3, 3, padding=d, dilation=d) for d in (1, 2, 3)), head=nn.Conv2d(13, 5, 1)), images(size=10)


def neural_ode():
    def forward(m, x):
        def slope(y):
            return m.field(y)
        for _ in range(3):
            k1 = slope(x)
            k2 = slope(x + 0.05 * k1)
            k3 = slope(x + 0.05 * k2)
            k4 = slope(x + 0.1 * k3)
            x = x + 0.1 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return m.head(x)
    return Apply(forward, field=nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 12)), head=nn.Linear(12, 2)), rows()


def capsules():
    def forward(m, x):
        u = torch.einsum("bi,ijk->bjik", m.body(x), m.votes.weight.view(12, 4, 3))
        logits = torch.zeros(x.shape[0], 4, 12, dtype=x.dtype)
        for _ in range(2):
            share = logits.softmax(1)
            s = (share.unsqueeze(-1) * u).sum(2)
            squares = (s ** 2).sum(-1, keepdim=True)
            v = squares / (1 + squares) * s / (squares + 1e-6).sqrt()
            logits = logits + (u * v.unsqueeze(2)).sum(-1)
        return v.norm(dim=-1)
    return Apply(forward, body=nn.Linear(12, 12), votes=nn.Linear(12, 12)), rows()


def graph_network():
    def forward(m, x, edges):
        source, target = edges[0], edges[1]
        y = m.first(x)
        for layer in m.layers:
            messages = layer(torch.cat([y[source], y[target]], -1)).relu()
            y = y + torch.zeros_like(y).index_add(0, target, messages)
        return m.head(y.mean(0))
    return Apply(forward, first=nn.Linear(12, 8), layers=nn.ModuleList(nn.Linear(16, 8) for _ in range(2)),
                 head=nn.Linear(8, 3)), rows() + (torch.randint(0, 6, (2, 14)),)


def scattered_mean():
    def forward(m, x, index):
        y = m.body(x)
        place = index[:, None].expand_as(y)
        total = torch.zeros(4, 12, dtype=y.dtype).scatter_add(0, place, y)
        return total, torch.gather(y, 1, (index[:, None] + torch.arange(3)) % 12)
    return Apply(forward, body=nn.Linear(12, 12)), rows() + (torch.randint(0, 4, (6,)),)


def bag(mode):
    def make():
        return Apply(lambda m, x: m.head(m.words(x)), words=nn.EmbeddingBag(31, 6, mode=mode), head=nn.Linear(6, 3)), tokens()
    return make


def padded_embedding():
    return Apply(lambda m, x: m.head(m.words(x).sum(1)), words=nn.Embedding(31, 6, padding_idx=0), head=nn.Linear(6, 3)), tokens()


def tied_weights():
    def forward(m, x):
        return F.linear(torch.tanh(m.mix(m.words(x))), m.words.weight) * m.words.weight.shape[1] ** -0.5
    return Apply(forward, words=nn.Embedding(31, 6), mix=nn.Linear(6, 6)), tokens()


def sinusoidal():
    def forward(m, x):
        n, d = x.shape[1], 8
        kind = m.words.weight.dtype
        place = torch.arange(n, dtype=kind)[:, None]
        rate = torch.exp(torch.arange(0, d, 2, dtype=kind) * (-math.log(10000.0) / d))
        code = torch.zeros(n, d, dtype=kind)
        code[:, 0::2] = torch.sin(place * rate)
        code[:, 1::2] = torch.cos(place * rate)
        return m.core(m.words(x) + code).mean(1)
    return Apply(forward, words=nn.Embedding(31, 8), core=nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)), tokens()


def gated_linear(gate):
    return lambda: (Apply(lambda m, x: m.down(gate(m.gate(x)) * m.up(x)), gate=nn.Linear(12, 20), up=nn.Linear(12, 20),
                          down=nn.Linear(20, 12)), rows())


def hypernetwork():
    def forward(m, x, z):
        w = m.weights(z).view(-1, 5, 12)
        return torch.bmm(w, m.body(x).unsqueeze(-1)).squeeze(-1) + m.bias(z)
    return Apply(forward, body=nn.Linear(12, 12), weights=nn.Linear(4, 60), bias=nn.Linear(4, 5)), \
        rows() + (torch.randn(6, 4),)


def film():
    def forward(m, x, z):
        scale, shift = m.condition(z).chunk(2, -1)
        return m.head(F.relu(m.norm(m.stem(x)) * (1 + scale[..., None, None]) + shift[..., None, None])).flatten(1)
    return Apply(forward, stem=nn.Conv2d(3, 6, 3), norm=nn.BatchNorm2d(6, affine=False), condition=nn.Linear(4, 12),
                 head=nn.Conv2d(6, 2, 3, stride=2)), images(size=9) + (torch.randn(4, 4),)


def adaptive_instance_norm():
    def forward(m, x, z):
        y = m.stem(x)
        mean, deviation = y.mean((2, 3), keepdim=True), y.std((2, 3), keepdim=True)
        scale, shift = m.style(z).view(-1, 2, 6, 1, 1).unbind(1)
        return m.head((y - mean) / (deviation + 1e-5) * scale + shift)
    return Apply(forward, stem=nn.Conv2d(3, 6, 3), style=nn.Linear(4, 12), head=nn.Conv2d(6, 3, 1)), \
        images(size=8) + (torch.randn(4, 4),)



def fourier_features():
    def forward(m, x):
        angle = 2 * math.pi * x @ m.rates.to(x.dtype)
        return m.body(torch.cat([angle.sin(), angle.cos()], -1))
    return Apply(forward, rates=torch.randn(12, 8), body=nn.Sequential(nn.Linear(16, 16), nn.SiLU(), nn.Linear(16, 2))), rows()


def siren():
    return Apply(lambda m, x: m.c(torch.sin(5 * m.b(torch.sin(30 * m.a(x))))), a=nn.Linear(12, 16), b=nn.Linear(16, 16),
                 c=nn.Linear(16, 2)), rows()


def mixture_density():
    def forward(m, x, y):
        h = torch.tanh(m.body(x))
        weight = F.log_softmax(m.weight(h), -1)
        mean, scale = m.mean(h), F.softplus(m.scale(h)) + 1e-3
        density = -0.5 * ((y - mean) / scale) ** 2 - scale.log() - 0.5 * math.log(2 * math.pi)
        return -torch.logsumexp(weight + density, -1)
    return Apply(forward, body=nn.Linear(12, 16), weight=nn.Linear(16, 3), mean=nn.Linear(16, 3), scale=nn.Linear(16, 3)), \
        rows() + (torch.randn(6, 1),)


def prototypes():
    def forward(m, x):
        a, b = m.body(x), m.points.weight
        return -(a.unsqueeze(1) - b.unsqueeze(0)).pow(2).sum(-1), F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).t(), \
            F.pairwise_distance(a[:5], b)
    return Apply(forward, body=nn.Linear(12, 7), points=nn.Embedding(5, 7)), rows()


def coordinates():
    def forward(m, x):
        b, _, h, w = x.shape
        ys, xs = torch.meshgrid(*(torch.linspace(-1, 1, n, dtype=x.dtype) for n in (h, w)), indexing="ij")
        grid = torch.stack([xs, ys]).expand(b, -1, -1, -1)
        y = m.stem(torch.cat([x, grid], 1)).flatten(2).softmax(-1)
        return m.head((y.unsqueeze(1) * grid[:, :, 1:-1, 1:-1].flatten(2).unsqueeze(2)).sum(-1).flatten(1))
    return Apply(forward, stem=nn.Conv2d(5, 4, 3), head=nn.Linear(8, 3)), images(size=8)


def many_losses():
    def forward(m, x, labels, target, signs):
        y = m.body(x)
        z = torch.sigmoid(y)
        return (F.cross_entropy(y, labels, weight=m.weights.to(y.dtype)),
                F.cross_entropy(y, labels, ignore_index=1, reduction="sum"), F.nll_loss(F.log_softmax(y, -1), labels),
                F.binary_cross_entropy(z, target), F.kl_div(F.log_softmax(y, -1), target, reduction="batchmean"),
                F.huber_loss(y, target, delta=0.7), F.l1_loss(y, target), F.poisson_nll_loss(y, target),
                (F.softplus(-y * signs)).mean(),
                F.hinge_embedding_loss(y, signs), F.binary_cross_entropy_with_logits(y, target, pos_weight=m.weights.to(y.dtype)))
    return Apply(forward, body=nn.Linear(12, 5), weights=torch.rand(5) + 0.5), rows() + (
        torch.randint(0, 5, (6,)), torch.rand(6, 5), torch.randint(0, 2, (6, 5)).float() * 2 - 1)


def margin_losses():
    def forward(m, x, target):
        y = m.body(x)
        return F.gaussian_nll_loss(y, target, y.sigmoid() + 0.1), F.binary_cross_entropy(y.sigmoid(), target)
    return Apply(forward, body=nn.Linear(12, 5)), rows() + (torch.rand(6, 5),)


def metric_losses():
    def forward(m, a, b, c):
        a, b, c = m.body(a), m.body(b), m.body(c)
        sign = torch.tensor([1., -1, 1, -1, 1, -1], dtype=a.dtype)
        return (F.triplet_margin_loss(a, b, c, margin=0.5), F.cosine_embedding_loss(a, b, sign, margin=0.1),
                F.margin_ranking_loss(a[:, 0], b[:, 0], sign, margin=0.2))
    return Apply(forward, body=nn.Linear(12, 5)), rows() + rows() + rows()


def dense_labels():
    return Apply(lambda m, x, labels: F.cross_entropy(m.body(x), labels, ignore_index=0),
                 body=nn.Conv2d(3, 5, 3, padding=1)), images(size=6) + (torch.randint(0, 5, (4, 6, 6)),)


def cumulative(y):
    return y.cumsum(-1), y.flip(-1).cumsum(-1) * y, (y.abs() + 0.5).log().cumsum(0).exp()


def orders(y):
    values, places = y.sort(-1)
    top, _ = y.topk(3, -1, largest=False)
    least, _ = y.min(-1)
    return values * torch.arange(12), top, least, y.max(), y.gather(1, places[:, :2])


def reductions(y):
    return (y.var(-1), y.std(0, unbiased=False), y.norm(dim=1), y.norm(p=1, dim=0), y.abs().prod(-1), y.amax(0), y.amin(1),
            y.logsumexp(0), y.mean(), torch.linalg.vector_norm(y, ord=3, dim=-1), y.square().sum().sqrt())


def functions(y):
    z = y.sigmoid()
    return (torch.expm1(y) + torch.log1p(z) + torch.rsqrt(z + 0.1) + torch.atan2(y, z) + torch.erf(y) + torch.logit(z * 0.9 + 0.05)
            + torch.sinh(y * 0.3) + torch.asin(z * 0.9) + torch.log2(z + 1) + torch.exp2(y * 0.2)
            + torch.lerp(y, z, 0.3) + torch.addcmul(y, y, z, value=0.5) + torch.addcdiv(y, y, z + 1, value=0.5)
            + torch.logaddexp(y, z) + torch.xlogy(z, z + 0.1) + torch.frac(z) + torch.sinc(z))


def remainders(y):
    return torch.remainder(y, 0.7), torch.fmod(y, 0.7), y - y.floor(), y.round() + y, y.trunc() * y, torch.sign(y) * y


def places(y):
    return (torch.roll(y, 2, -1), y.flip(-1), torch.tril(y), torch.triu(y, 1), y.diagonal(), y.repeat(1, 2), y.tile(2, 1),
            y.unfold(1, 4, 2), y[:, ::3], y[..., [3, 1, 1]], y.index_select(0, torch.tensor([2, 0])), y.narrow(1, 2, 5),
            F.pad(y, (1, 2), value=0.5), y.unflatten(1, (3, 4)).movedim(1, 2), y.T.contiguous(), y.masked_fill(y > 0.3, -1.0))


def assigned(y):
    z = y.clone()
    z[:, 2] = 0.5
    z[1, 3:6] = z[2, 3:6] * 2
    z[:, -2:] += 1
    return z * y


def products(y):
    a, b = y.view(6, 3, 4), y.view(6, 4, 3)
    return (torch.bmm(a, b), torch.baddbmm(torch.ones(6, 3, 3, dtype=y.dtype), a, b, beta=0.5, alpha=2), torch.outer(y[0], y[1]),
            torch.tensordot(a, b, dims=([2], [1])), torch.einsum("bij,bjk,bkl->bil", a, b, a), torch.kron(y[:2, :2], y[2:4, :2]),
            torch.linalg.multi_dot([y, y.T, y]), y @ y[0], torch.addmm(y, y, torch.eye(12, dtype=y.dtype)))


def choices(y):
    return (torch.where(y > 0, y, 0.1 * y ** 2), torch.maximum(y, y.flip(0)), torch.clamp(y, min=-0.4), torch.nan_to_num(y),
            F.threshold(y, 0.1, -0.2), F.hardtanh(y, -0.3, 0.6),
            F.relu6(3 * y), F.softmin(y, -1), F.celu(y, 0.7), F.softplus(y, beta=2.0, threshold=3.0),
            F.hardswish(y), F.hardsigmoid(y), F.glu(y), F.logsigmoid(y), F.one_hot(y.argmax(-1), 12) * y)


ARCHITECTURES = {
    **{f"padding_{mode}": padding(mode) for mode in ("reflect", "replicate", "circular")},
    "padding_line": padding("replicate", 1), "padding_volume": padding("replicate", 3),
    **{f"transposed_{rank}": transposed(rank) for rank in (1, 2, 3)},
    **{f"pool_{name}": initialised(pooling(module)) for name, module in {
        "ceil": nn.MaxPool2d(3, 2, ceil_mode=True), "dilated": nn.MaxPool2d(3, 2, dilation=2),
        "average": nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
        "average_ceil": nn.AvgPool2d(3, 2, ceil_mode=True), "adaptive": nn.AdaptiveAvgPool2d((1, 1)),
        "adaptive_even": nn.AdaptiveAvgPool2d(11), "adaptive_max": nn.AdaptiveMaxPool2d(1), "lp": nn.LPPool2d(2, 3),
        "same": nn.Conv2d(6, 5, 4, padding="same")}.items()},
    "rnn_cell": cells(nn.RNNCell), "gru_cell": cells(nn.GRUCell), "lstm_cell": cells(nn.LSTMCell),
    "sequence_first": sequence_first, "relu_rnn": relu_rnn,
    "attention_other_widths": attention(), "attention_bias_kv": attention(add_bias_kv=True),
    "attention_zero": attention(add_zero_attn=True), "grouped_queries": grouped_queries, "relative_bias": relative_bias,
    "windows": windows, "squeeze_excite": squeeze_excite, "shuffled_channels": shuffled_channels, "pyramid": pyramid,
    "dilated_spatial_pyramid": dilated_spatial_pyramid, "neural_ode": neural_ode, "capsules": capsules,
    "graph_network": graph_network, "scattered_mean": scattered_mean,
    **{f"bag_{mode}": bag(mode) for mode in ("sum", "mean", "max")}, "padded_embedding": padded_embedding,
    "tied_weights": tied_weights, "sinusoidal": sinusoidal, "swiglu": gated_linear(F.silu), "geglu": gated_linear(F.gelu),
    "reglu": gated_linear(F.relu), "hypernetwork": hypernetwork, "film": film,
    "adaptive_instance_norm": adaptive_instance_norm, "fourier_features": fourier_features,
    "siren": siren, "mixture_density": mixture_density, "prototypes": prototypes, "coordinates": coordinates,
    "many_losses": many_losses, "margin_losses": margin_losses, "metric_losses": metric_losses, "dense_labels": dense_labels,
    "bicubic": stem(lambda m, y: F.interpolate(y, scale_factor=1.5, mode="bicubic", align_corners=False)),
    "area": stem(lambda m, y: F.interpolate(y, size=6, mode="area")),
    "nearest_exact": stem(lambda m, y: F.interpolate(y, size=(7, 9), mode="nearest-exact")),
    "antialias": stem(lambda m, y: F.interpolate(y, size=5, mode="bilinear", antialias=True)),
    "softmax2d": stem(lambda m, y: F.softmax(y, 1)), "cross_map": stem(lambda m, y: F.local_response_norm(y, 3)),
    "instance_norm_line": lambda: (nn.Sequential(nn.Conv1d(3, 6, 3), nn.InstanceNorm1d(6, affine=True), nn.ReLU()), (torch.randn(2, 3, 9),)),
    "norm_no_affine": lambda: (nn.Sequential(nn.Linear(12, 9), nn.LayerNorm(9, elementwise_affine=False), nn.Tanh()), rows()),
    "norm_two_axes": stem(lambda m, y: m.norm(y), norm=nn.LayerNorm([12, 12])),
    "bilinear": lambda: (Apply(lambda m, a, b: m.core(a, b), core=nn.Bilinear(12, 12, 4)), rows() + rows()),
    "cumulative": behind(cumulative), "orders": behind(orders), "reductions": behind(reductions),
    "functions": behind(functions), "remainders": behind(remainders), "places": behind(places),
    "assigned": behind(assigned), "products": behind(products), "choices": behind(choices),
}
