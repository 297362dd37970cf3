"""Small networks of many kinds, written with torch.nn alone, and inputs for each.

`ARCHITECTURES` maps names to functions that give a module and its inputs.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class Apply(nn.Module):
    """Modules by name, and a function of them and the inputs."""

    def __init__(self, function, **modules):
        super().__init__()
        for name, module in modules.items():
            if isinstance(module, torch.Tensor):
                self.register_buffer(name, module)
            else:
                setattr(self, name, module)
        self.function = function

    def forward(self, *inputs):
        return self.function(self, *inputs)


def images(channels=3, size=16, batch=4):
    return (torch.randn(batch, channels, size, size),)


def rows(width=12, batch=6):
    return (torch.randn(batch, width),)


def tokens(steps=9, batch=3, words=31):
    return (torch.randint(0, words, (batch, steps)),)


def steps(width=8, length=7, batch=3):
    return (torch.randn(batch, length, width),)


def mlp(activation):
    def make():
        return nn.Sequential(
            nn.Linear(12, 24), activation(), nn.Linear(24, 16), activation(), nn.Linear(16, 5)), rows()
    return make


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 30), nn.Tanh(), nn.Linear(30, 10)), images(1)


def vgg():
    def block(a, b):
        return [nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU(),
                nn.MaxPool2d(2)]
    return nn.Sequential(
        *block(3, 8), *block(8, 16), nn.Flatten(), nn.Linear(256, 20), nn.ReLU(), nn.Dropout(0.0),
        nn.Linear(20, 7)), images()


def residual_block(a, b, stride):
    return Apply(
        lambda m, x: F.relu(m.body(x) + m.skip(x)),
        body=nn.Sequential(
            nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(),
            nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)),
        skip=nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b)))


def resnet():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), residual_block(8, 8, 1),
        residual_block(8, 16, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5)), images()


def mobilenet():
    squeeze = Apply(
        lambda m, x: x * m.gate(x.mean((2, 3), keepdim=True)),
        gate=nn.Sequential(nn.Conv2d(24, 6, 1), nn.ReLU(), nn.Conv2d(6, 24, 1), nn.Hardsigmoid()))
    inverted = Apply(
        lambda m, x: x + m.body(x),
        body=nn.Sequential(
            nn.Conv2d(8, 24, 1, bias=False), nn.BatchNorm2d(24), nn.Hardswish(),
            nn.Conv2d(24, 24, 3, padding=1, groups=24, bias=False), nn.BatchNorm2d(24), nn.ReLU6(), squeeze,
            nn.Conv2d(24, 8, 1, bias=False), nn.BatchNorm2d(8)))
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.Hardswish(), inverted, nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(32, 5)), images()


def unet(up):
    def double(a, b):
        return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU())

    def forward(m, x):
        a = m.first(x)
        b = m.second(F.max_pool2d(a, 2))
        return m.last(m.third(torch.cat([m.up(b), a], 1)))

    def make():
        return Apply(
            forward, first=double(3, 6), second=double(6, 12), up=up(), third=double(12, 6),
            last=nn.Conv2d(6, 2, 1)), images()
    return make


def densenet():
    def forward(m, x):
        for layer in m.layers:
            x = torch.cat([x, layer(x)], 1)
        return m.head(x.mean((2, 3)))
    layers = nn.ModuleList(
        nn.Sequential(nn.BatchNorm2d(3 + 4 * i), nn.ReLU(), nn.Conv2d(3 + 4 * i, 4, 3, padding=1))
        for i in range(4))
    return Apply(forward, layers=layers, head=nn.Linear(19, 5)), images()


def inception():
    def forward(m, x):
        return m.head(torch.cat([m.a(x), m.b(x), m.c(x), m.d(F.max_pool2d(x, 3, 1, 1))], 1).amax((2, 3)))
    return Apply(
        forward, a=nn.Conv2d(3, 4, 1), b=nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 6, 3, padding=1)),
        c=nn.Conv2d(3, 4, 5, padding=2), d=nn.Conv2d(3, 2, 1), head=nn.Linear(16, 5)), images()


def convnext():
    def forward(m, x):
        y = m.norm(m.depth(x).permute(0, 2, 3, 1))
        return x + (m.scale * m.out(F.gelu(m.inner(y)))).permute(0, 3, 1, 2)
    block = Apply(
        forward, depth=nn.Conv2d(8, 8, 7, padding=3, groups=8), norm=nn.LayerNorm(8, eps=1e-6),
        inner=nn.Linear(8, 32), out=nn.Linear(32, 8))
    block.scale = nn.Parameter(torch.full((8,), 0.3))
    return nn.Sequential(nn.Conv2d(3, 8, 4, 4), block, nn.Flatten(), nn.Linear(128, 5)), images()


def recurrent(kind, **options):
    def make():
        layer = kind(8, 10, batch_first=True, **options)
        width = 20 if options.get("bidirectional") else 10
        return Apply(lambda m, x: m.head(m.layer(x)[0][:, -1]), layer=layer, head=nn.Linear(width, 4)), steps()
    return make


def encoder(**options):
    def make():
        layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True, **options)
        return Apply(
            lambda m, i: m.head(m.body(m.embed(i))), embed=nn.Embedding(31, 16),
            body=nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), head=nn.Linear(16, 5)), tokens()
    return make


def decoder():
    class Causal(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.place = nn.Embedding(31, 16), nn.Embedding(9, 16)
            self.body = nn.TransformerEncoder(
                nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True, norm_first=True), 2,
                enable_nested_tensor=False)
            self.head = nn.Linear(16, 31)
            self.register_buffer("mask", torch.triu(torch.full((9, 9), -math.inf), 1))

        def forward(self, ids):
            x = self.embed(ids) + self.place.weight
            return self.head(self.body(x, mask=self.mask, is_causal=True))
    return Causal(), tokens()


def encoder_decoder():
    body = nn.Transformer(16, 2, 1, 1, 32, dropout=0.0, batch_first=True)
    return Apply(
        lambda m, a, b: m.body(a, b, tgt_mask=m.mask.to(a.dtype), tgt_is_causal=True), body=body,
        mask=torch.triu(torch.full((5, 5), -math.inf), 1)), (torch.randn(2, 7, 16), torch.randn(2, 5, 16))


def gpt():
    def forward(m, ids):
        x = m.embed(ids)
        for block in m.blocks:
            q, k, v = block[1](block[0](x)).chunk(3, -1)
            q, k, v = (t.view(t.shape[0], t.shape[1], 2, 8).transpose(1, 2) for t in (q, k, v))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + block[2](y.transpose(1, 2).flatten(2))
            x = x + block[5](F.gelu(block[4](block[3](x)), approximate="tanh"))
        return m.head(m.norm(x))
    blocks = nn.ModuleList(
        nn.ModuleList([nn.LayerNorm(16), nn.Linear(16, 48), nn.Linear(16, 16), nn.LayerNorm(16),
                       nn.Linear(16, 32), nn.Linear(32, 16)]) for _ in range(2))
    return Apply(forward, embed=nn.Embedding(31, 16), blocks=blocks, norm=nn.LayerNorm(16),
                 head=nn.Linear(16, 31, bias=False)), tokens()


def vit():
    class Vit(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = nn.Conv2d(3, 16, 4, 4)
            self.token = nn.Parameter(torch.randn(1, 1, 16))
            self.places = nn.Parameter(torch.randn(1, 17, 16))
            self.body = nn.TransformerEncoder(
                nn.TransformerEncoderLayer(16, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True), 2,
                enable_nested_tensor=False)
            self.head = nn.Linear(16, 5)

        def forward(self, x):
            x = self.patches(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
            return self.head(self.body(x)[:, 0])
    return Vit(), images()


def attention_with_padding():
    layer = nn.MultiheadAttention(16, 4, batch_first=True)
    mask = torch.zeros(2, 6, dtype=torch.bool)
    mask[1, 4:] = True
    return Apply(lambda m, x: m.layer(x, x, x, key_padding_mask=m.mask, need_weights=False)[0], layer=layer,
                 mask=mask), (torch.randn(2, 6, 16),)


def generator():
    return nn.Sequential(
        nn.ConvTranspose2d(10, 16, 4, 1, 0, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 4, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.ConvTranspose2d(8, 3, 3, 2, 1, 1), nn.Tanh()), (torch.randn(4, 10, 1, 1),)


def discriminator():
    return nn.Sequential(
        nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 16, 4, 2, 1, bias=False), nn.BatchNorm2d(16),
        nn.LeakyReLU(0.2), nn.Conv2d(16, 1, 4), nn.Flatten()), images()


def autoencoder():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 20), nn.ELU(), nn.Linear(20, 4), nn.Linear(4, 20), nn.SELU(), nn.Linear(20, 64),
        nn.Sigmoid(), nn.Unflatten(1, (1, 8, 8))), images(1, 8)


def variational():
    def forward(m, x, noise):
        mean, logarithm = m.encode(x).chunk(2, -1)
        y = m.decode(mean + noise * torch.exp(0.5 * logarithm))
        return y, -0.5 * (1 + logarithm - mean**2 - logarithm.exp()).sum(-1)
    return Apply(forward, encode=nn.Linear(12, 8), decode=nn.Linear(4, 12)), rows() + (torch.randn(6, 4),)


def experts():
    def forward(m, x):
        shares = F.softmax(m.gate(x), -1)
        return torch.stack([expert(x) for expert in m.experts], -1).mul(shares.unsqueeze(1)).sum(-1)
    return Apply(
        forward, gate=nn.Linear(12, 4),
        experts=nn.ModuleList(nn.Sequential(nn.Linear(12, 9), nn.ReLU(), nn.Linear(9, 5)) for _ in range(4))), rows()


def top_experts():
    def forward(m, x):
        values, places = m.gate(x).topk(2, -1)
        shares = torch.zeros_like(m.gate(x)).scatter(-1, places, F.softmax(values, -1))
        return torch.einsum("be,beo->bo", shares, torch.stack([e(x) for e in m.experts], 1))
    return Apply(
        forward, gate=nn.Linear(12, 4), experts=nn.ModuleList(nn.Linear(12, 5) for _ in range(4))), rows()


def normalized(norm):
    def make():
        return nn.Sequential(nn.Conv2d(3, 8, 3), norm(), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.Flatten(),
                             nn.Linear(576, 5)), images()
    return make


def pixel_shuffle():
    return nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2), nn.Conv2d(3, 2, 3), nn.PixelUnshuffle(2),
                         nn.Conv2d(8, 2, 1)), images(size=9)


def embedding_mean():
    return Apply(lambda m, i: m.head(m.embed(i).mean(1)), embed=nn.Embedding(31, 12), head=nn.Linear(12, 5)), tokens()


def einsums():
    class Bilinear(nn.Module):
        def __init__(self):
            super().__init__()
            self.core = nn.Parameter(torch.randn(5, 8, 6))

        def forward(self, a, b):
            return torch.einsum("bi,oij,bj->bo", a, self.core, b), torch.einsum("bi,ci->bc", a, a)
    return Bilinear(), (torch.randn(4, 8), torch.randn(4, 6))


def wavenet():
    def forward(m, x):
        for layer, gate in zip(m.layers, m.gates):
            padded = F.pad(x, (layer.dilation[0], 0))
            x = x + torch.tanh(layer(padded)) * torch.sigmoid(gate(padded))
        return m.head(x)
    return Apply(
        forward, layers=nn.ModuleList(nn.Conv1d(6, 6, 2, dilation=2**i) for i in range(3)),
        gates=nn.ModuleList(nn.Conv1d(6, 6, 2, dilation=2**i) for i in range(3)), head=nn.Conv1d(6, 4, 1)
    ), (torch.randn(3, 6, 20),)


def volumes():
    return nn.Sequential(
        nn.Conv3d(1, 4, 3, padding=1), nn.BatchNorm3d(4), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(4, 6, 3), nn.AvgPool3d(2),
        nn.Flatten(), nn.Linear(6, 3)), (torch.randn(3, 1, 8, 8, 8),)


def spatial_transformer():
    def forward(m, x):
        theta = m.where(x.flatten(1)).view(-1, 2, 3)
        return m.head(F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False))
    return Apply(forward, where=nn.Linear(256, 6), head=nn.Conv2d(1, 2, 3)), images(1)


def gated():
    return nn.Sequential(nn.Linear(12, 16), nn.GLU(), nn.Linear(8, 10), nn.GLU(), nn.Linear(5, 3)), rows()


def highway():
    def forward(m, x):
        for layer, gate in zip(m.layers, m.gates):
            share = torch.sigmoid(gate(x))
            x = share * F.relu(layer(x)) + (1 - share) * x
        return m.head(x)
    return Apply(
        forward, layers=nn.ModuleList(nn.Linear(12, 12) for _ in range(3)),
        gates=nn.ModuleList(nn.Linear(12, 12) for _ in range(3)), head=nn.Linear(12, 4)), rows()


def siamese():
    return Apply(
        lambda m, a, b: F.cosine_similarity(m.body(a), m.body(b)),
        body=nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 8))), rows() + rows()


def mixer():
    def forward(m, x):
        x = m.patches(x).flatten(2).transpose(1, 2)
        x = x + m.across(m.first(x).transpose(1, 2)).transpose(1, 2)
        return m.head((x + m.within(m.second(x))).mean(1))
    return Apply(
        forward, patches=nn.Conv2d(3, 12, 4, 4), first=nn.LayerNorm(12), second=nn.LayerNorm(12),
        across=nn.Sequential(nn.Linear(16, 20), nn.GELU(), nn.Linear(20, 16)),
        within=nn.Sequential(nn.Linear(12, 24), nn.GELU(), nn.Linear(24, 12)), head=nn.Linear(12, 5)), images()


def losses():
    def forward(m, x, labels, target):
        y = m.body(x)
        return (F.cross_entropy(y, labels), F.mse_loss(torch.sigmoid(y), target),
                F.binary_cross_entropy_with_logits(y, target), F.smooth_l1_loss(y, target))
    return Apply(forward, body=nn.Linear(12, 5)), rows() + (torch.randint(0, 5, (6,)), torch.rand(6, 5))


def masked_pooling():
    def forward(m, x):
        y = m.body(x)
        kept = torch.where(y > 0.1, y, torch.zeros_like(y) - 0.2)
        values, _ = kept.sort(-1, descending=True)
        return m.head(values[..., :4].cumsum(-1)).logsumexp(-1)
    return Apply(forward, body=nn.Linear(12, 9), head=nn.Linear(4, 3)), rows()


def rotary():
    def forward(m, x):
        angle = torch.arange(7, dtype=x.dtype)[:, None] * m.rates.to(x.dtype)
        a, b = m.body(x).chunk(2, -1)
        return m.head(torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1))
    module = Apply(forward, body=nn.Linear(8, 12), head=nn.Linear(12, 4))
    module.register_buffer("rates", 10000.0 ** (-torch.arange(6) / 6))
    return module, steps()


def linear_attention():
    def forward(m, x):
        q, k, v = F.elu(m.q(x)) + 1, F.elu(m.k(x)) + 1, m.v(x)
        state = torch.einsum("btd,bte->bde", k, v)
        return torch.einsum("btd,bde->bte", q, state) / torch.einsum("btd,bd->bt", q, k.sum(1)).unsqueeze(-1)
    return Apply(forward, q=nn.Linear(8, 6), k=nn.Linear(8, 6), v=nn.Linear(8, 6)), steps()


def weight_norm():
    return nn.Sequential(
        torch.nn.utils.parametrizations.weight_norm(nn.Linear(12, 10)), nn.Softplus(), nn.Linear(10, 3)), rows()


def root_mean_square():
    return nn.Sequential(nn.Linear(12, 16), nn.RMSNorm(16, eps=1e-6), nn.SiLU(), nn.Linear(16, 4)), rows()


def local_response():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.LocalResponseNorm(3), nn.ReLU(), nn.Flatten(), nn.Linear(1568, 4)), images()


def folded():
    def forward(m, x):
        columns = F.unfold(x, 3, padding=1)
        return F.fold(m.mix(columns.transpose(1, 2)).transpose(1, 2), x.shape[2:], 3, padding=1)
    return Apply(forward, mix=nn.Linear(27, 27)), images(size=8)


ARCHITECTURES = {
    **{f"mlp_{a.__name__.lower()}": mlp(a) for a in (
        nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU, nn.Mish, nn.ELU, nn.SELU, nn.CELU, nn.LeakyReLU, nn.PReLU,
        nn.Softplus, nn.Softsign, nn.Hardtanh, nn.Softshrink, nn.Hardshrink, nn.LogSigmoid, nn.Tanhshrink)},
    "lenet": lenet, "vgg": vgg, "resnet": resnet, "mobilenet": mobilenet,
    "unet_transposed": unet(lambda: nn.ConvTranspose2d(12, 6, 2, 2)),
    "unet_bilinear": unet(lambda: nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), nn.Conv2d(12, 6, 1))),
    "unet_nearest": unet(lambda: nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(12, 6, 1))),
    "densenet": densenet, "inception": inception, "convnext": convnext, "rnn": recurrent(nn.RNN),
    "lstm": recurrent(nn.LSTM), "gru": recurrent(nn.GRU),
    "lstm_two_ways": recurrent(nn.LSTM, num_layers=2, bidirectional=True),
    "gru_two_ways": recurrent(nn.GRU, num_layers=2, bidirectional=True),
    "encoder_post_norm": encoder(), "encoder_pre_norm": encoder(norm_first=True, activation="gelu"),
    "decoder": decoder, "encoder_decoder": encoder_decoder, "gpt": gpt, "vit": vit,
    "attention_with_padding": attention_with_padding, "generator": generator, "discriminator": discriminator,
    "autoencoder": autoencoder, "variational": variational, "experts": experts, "top_experts": top_experts,
    "group_norm": normalized(lambda: nn.GroupNorm(4, 8)),
    "instance_norm": normalized(lambda: nn.InstanceNorm2d(8, affine=True)), "pixel_shuffle": pixel_shuffle,
    "embedding_mean": embedding_mean, "einsums": einsums, "wavenet": wavenet, "volumes": volumes,
    "spatial_transformer": spatial_transformer, "gated": gated, "highway": highway, "siamese": siamese,
    "mixer": mixer, "losses": losses, "masked_pooling": masked_pooling, "rotary": rotary,
    "linear_attention": linear_attention, "weight_norm": weight_norm, "root_mean_square": root_mean_square,
    "local_response": local_response, "folded": folded,
}
